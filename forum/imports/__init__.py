"""Imports: a list's archive into threads, a chat log into a room. `docs/imports.md` states the rules for an operator.

Invariants of both:
  * what came once never comes again, also after it was removed: `import_items` keeps a keyed hash of each item;
  * an import that was killed is resumed by running it again, and then ends as if it had not been killed;
  * a transaction is short (at most 200 items), and memory does not grow with the file;
  * screens get one `reset` for each channel at the end instead of an update for each item;
  * everything that was imported counts as read by those who are members then; nobody is notified;
  * an author is a name (a byline): addresses are kept as keyed hashes only, and are masked in the text;
  * what is left out is reported with its place and the reason.
"""
