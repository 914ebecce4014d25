"""What is measured, and against what: every figure stands beside a reference of the same run."""
