// Drafts do not stay on a computer that I sign out of, nor do they go without a question.

import { countKept, forgetAll } from "./drafts.js";
import { counted } from "./words.js";

addEventListener("submit", (event) => {
  if (!event.target.matches?.('form[action="/sign-out"]')) return;
  const count = countKept();
  if (!count) return;
  const question = `${counted(count, "text", "texts")} that you have not sent will be deleted from this browser. Sign out?`;
  if (confirm(question)) forgetAll();
  else event.preventDefault();
});
