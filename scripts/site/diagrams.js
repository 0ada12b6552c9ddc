// Draws the diagrams of a page in the place of their text, anew when the theme changes.
import mermaid from 'mermaid';

const drawn = [...document.querySelectorAll('code.language-mermaid')].map((code) => {
  const figure = document.createElement('figure');
  figure.className = 'diagram';
  const pre = /** @type {HTMLElement} */ (code.closest('pre'));
  pre.replaceWith(figure);
  return { figure, text: code.textContent, pre };
});

async function draw() {
  const dark = /navy|coal|ayu/.test(document.documentElement.className);
  // Its own default is the layout that the build leaves out.
  mermaid.initialize({ startOnLoad: false, theme: dark ? 'dark' : 'neutral', securityLevel: 'strict', layout: 'dagre' });
  for (const [i, { figure, text, pre }] of drawn.entries()) {
    try {
      figure.innerHTML = (await mermaid.render(`diagram-${i}`, text)).svg;
    } catch (error) {
      // Its text says it too.
      figure.replaceChildren(pre);
      throw error;
    }
  }
}

await draw();
let theme = document.documentElement.className;
new MutationObserver(() => {
  if (theme === document.documentElement.className) return;
  theme = document.documentElement.className;
  void draw();
}).observe(document.documentElement, { attributes: true, attributeFilter: ['class'] });
