// Sets of numbers as Postgres writes an int4multirange: "{[1,21),[24,25)}". Pure.

/** Reads such a text; what is not one is the empty set. Returns sorted pairs [from, to), never touching. */
export function parse(text) {
  return [...(text ?? "").matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]) => [Number(from), Number(to)]);
}

export function has(ranges, number) {
  return ranges.some(([from, to]) => from <= number && number < to);
}

/** Returns the ranges with `number` in them; the argument stays as it is. */
export function add(ranges, number) {
  if (has(ranges, number)) return ranges;
  const added = [...ranges, [number, number + 1]].sort((a, b) => a[0] - b[0]);
  return added.reduce((joined, [from, to]) => {
    const last = joined.at(-1);
    if (last && last[1] === from) joined[joined.length - 1] = [last[0], to];
    else joined.push([from, to]);
    return joined;
  }, []);
}
