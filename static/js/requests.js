// Writes and fragments over HTTP. Each says whose page it comes from: where somebody else has signed in in another tab
// meanwhile, it is answered as to who is signed out, and nothing is written under the wrong name.

import { me } from "./me.js";

export const FRAGMENT = "application/vnd.forum.fragment+html";
const TIMEOUT_MS = 10_000;

/** Why a request did not do what was asked. `status` is 0 where no answer came; `unsure` where it may have arrived. */
export class Refused extends Error {
  constructor(status, problem = {}, unsure = false) {
    super(problem.detail ?? problem.title ?? String(status));
    this.status = status;
    this.problem = problem;
    this.unsure = unsure;
  }
}

/** The header that says whose page it is. */
export const from = () => (me() === null ? {} : { "Forum-Member": me() });

async function ask(url, { headers, ...options }) {
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), credentials: "same-origin", headers: { ...from(), ...headers }, ...options });
  } catch (error) {
    throw new Refused(0, {}, error.name === "TimeoutError");
  }
  if (response.ok) return response;
  const problem = response.headers.get("Content-Type")?.includes("json") ? await response.json().catch(() => ({})) : {};
  problem.retry_after ??= Number(response.headers.get("Retry-After")) || undefined;
  throw new Refused(response.status, problem);
}

async function textOf(response) {
  try {
    return await response.text();
  } catch {
    throw new Refused(0, {}, true);
  }
}

/** Posts form fields; returns {response, html}. Raises `Refused`. */
export async function send(url, fields, key) {
  const headers = { Accept: FRAGMENT };
  if (key) headers["Idempotency-Key"] = key;
  const response = await ask(url, { method: "POST", body: new URLSearchParams(fields), headers });
  return { response, html: await textOf(response) };
}

/** Posts form fields in passing, also as the page goes. Returns whether that is done with; false: it may be tried again. */
export async function tell(url, fields) {
  try {
    const { status } = await fetch(url, { method: "POST", body: new URLSearchParams(fields), headers: from(), keepalive: true });
    return status < 500 && status !== 429;
  } catch {
    return false;
  }
}

/** Fetches a fragment's text. Raises `Refused`. */
export async function fragment(url) {
  return textOf(await ask(url, { headers: { Accept: FRAGMENT } }));
}

/** Fetches a whole page, as a document. Raises `Refused`. */
export async function page(url) {
  const html = await textOf(await ask(url, { headers: { Accept: "text/html" } }));
  return new DOMParser().parseFromString(html, "text/html");
}

/** Fetches JSON. Raises `Refused`. */
export async function json(url, signal) {
  const response = await ask(url, { headers: { Accept: "application/json" }, ...(signal && { signal }) });
  return response.json().catch(() => {
    throw new Refused(0);
  });
}

/** A new Idempotency-Key; also where the page is not served under https, so `randomUUID` is absent. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Shows `control` as busy once it has taken 300 ms. Returns what ends it. */
export function busy(control) {
  const timer = setTimeout(() => control.setAttribute("aria-busy", "true"), 300);
  return () => {
    clearTimeout(timer);
    control.removeAttribute("aria-busy");
  };
}
