// The small buttons of a composer: Markdown round or before what is selected.

const ROUND = { bold: ["**", "**"], code: ["`", "`"], link: ["[", "](https://)"] };

/** Applies `act` ("bold", "code", "link", "list", "mention") to a textarea's selection. */
export function format(area, act) {
  const { selectionStart: start, selectionEnd: end, value } = area;
  const selected = value.slice(start, end);
  if (act === "list") {
    const from = value.lastIndexOf("\n", start - 1) + 1;
    const lines = value.slice(from, end).replace(/^/gm, "- ");
    area.setRangeText(lines, from, end, "end");
  } else if (act === "mention") {
    const before = start > 0 && !/\s/.test(value[start - 1]) ? " @" : "@";
    area.setRangeText(before, start, end, "end");
  } else if (act in ROUND) {
    const [before, after] = selected.includes("\n") && act === "code" ? ["```\n", "\n```"] : ROUND[act];
    area.setRangeText(before + selected + after, start, end, "end");
    if (!selected) area.selectionStart = area.selectionEnd = start + before.length;
  }
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
