/** Shows of a legend that is longer than its place that it scrolls. */

/** @param {HTMLElement} legend gets the attribute `data-more` while there is more of it below */
export function markLongLegend(legend) {
  const mark = () => {
    const below = legend.scrollHeight - legend.clientHeight - legend.scrollTop;
    legend.toggleAttribute('data-more', below > 1);
  };
  legend.addEventListener('scroll', mark, { passive: true });
  new ResizeObserver(mark).observe(legend);
  // Its buttons may change while its size stays.
  new MutationObserver(mark).observe(legend, { childList: true });
}
