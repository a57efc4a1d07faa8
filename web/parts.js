/** The elements in `root` with a data-part, by its name. */
export const parts = (root) => Object.fromEntries(
  Array.from(root.querySelectorAll('[data-part]'), (part) => [part.dataset.part, part]),
);
