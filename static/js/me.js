// Who looks.

const { dataset } = document.documentElement;

/** My id as text, as in `data-author`; null for a guest. */
export const me = () => dataset.me ?? null;

/** Whether `data-mentions="7 12"` names me. */
export const mentionsMe = (mentions) => me() !== null && (mentions ?? "").split(" ").includes(me());
