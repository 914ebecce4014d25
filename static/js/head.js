// The page's head is as high as its words are large: what sticks below it, and where a focus scrolls to, keeps clear of it.

const head = document.querySelector(".head");

if (head) {
  const measure = () => document.documentElement.style.setProperty("--head-now", `${head.offsetHeight}px`);
  new ResizeObserver(measure).observe(head);
}
