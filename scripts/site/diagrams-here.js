// Loaded by each page of the book: what draws diagrams is large, and asked for where there is one.
(() => {
  if (!document.querySelector('code.language-mermaid')) return;
  // mdBook says in each page how far up the book's folder is.
  /* global path_to_root */
  import(new URL(`${path_to_root}diagrams/diagrams.js`, document.baseURI).href);
})();
