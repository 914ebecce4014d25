// Where a post stands in the flat list of a tree. Pure: posts are {id, parent, depth, number} in tree order.

/**
 * The index at which a reply enters: after the last descendant of its parent, before a sibling with a higher number
 * (my own reply may be here before an older one's update is). A parent that is not in the list, the opening post or
 * one before the range, stands above its first.
 */
export function placeInTree(posts, reply) {
  let at = posts.findIndex((post) => post.id === reply.parent) + 1;
  while (at < posts.length && posts[at].depth >= reply.depth) {
    if (posts[at].depth === reply.depth && posts[at].number > reply.number) break;
    at += 1;
  }
  return at;
}

/** The index at which a post enters a list by time. */
export function placeByNumber(items, item) {
  let at = items.length;
  while (at > 0 && items[at - 1].number > item.number) at -= 1;
  return at;
}

/**
 * On which side of what is shown a new post belongs: "inside", "earlier" or "later".
 *
 * `range` is {first, last, earlier, later, byTime}: the paths (hex) of its ends, and whether the thread goes on
 * before and after it. `reply` is {path, parentIsShown}; a path that is not known is guessed from the parent.
 */
export function sideOf(range, reply) {
  if (!range.earlier && !range.later) return "inside";
  if (range.byTime) return range.later ? "later" : "inside";
  if (reply.path) {
    if (range.later && reply.path > range.last) return "later";
    return range.earlier && reply.path < range.first ? "earlier" : "inside";
  }
  if (reply.parentIsShown) return "inside";
  return range.later ? "later" : "inside";
}
