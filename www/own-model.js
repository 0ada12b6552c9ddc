/** Model files of the user's own: a zip or a folder, chosen or dropped on the page. They are read in this tab only. */

/** Weights in formats that are not read, which a model's folder often holds beside the ONNX file. */
const OTHER_WEIGHTS = /\.(bin|h5|msgpack|ot|pt|pth|safetensors)$/i;

/**
 * Files by path, as `Annotator.create({ files, name })` takes them.
 * @typedef {{ name: string, files: Record<string, Blob> }} OwnModel
 */

/**
 * Calls `open` with an {@link OwnModel} whenever the user brings one.
 * @param {{ zip: HTMLInputElement, folder: HTMLInputElement, zone: HTMLElement }} elements `zone` gets the attribute
 *   `data-dropping` while files are dragged over it
 * @param {(model: OwnModel) => void} open
 * @param {(error: Error) => void} fail
 */
export function acceptOwnModels({ zip, folder, zone }, open, fail) {
  const take = (pairs) => pairs.length && open(gathered(pairs));
  for (const input of [zip, folder]) {
    input.addEventListener('change', () => {
      take([...input.files].map((file) => [file.webkitRelativePath || file.name, file]));
      // The same choice made again is a change again.
      input.value = '';
    });
  }
  const holdsFiles = (event) => event.dataTransfer?.types.includes('Files');
  let depth = 0;
  const leave = () => {
    depth = 0;
    delete zone.dataset.dropping;
  };
  zone.addEventListener('dragenter', (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    zone.dataset.dropping = '';
  });
  zone.addEventListener('dragleave', () => {
    depth -= 1;
    if (depth <= 0) leave();
  });
  zone.addEventListener('dragover', (event) => {
    if (holdsFiles(event)) event.preventDefault();
  });
  zone.addEventListener('drop', (event) => {
    leave();
    if (!holdsFiles(event)) return;
    event.preventDefault();
    // What is dropped may only be asked for now; reading may take longer.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
    Promise.all(entries.filter(Boolean).map((entry) => (entry instanceof File ? [[entry.name, entry]] : walk(entry))))
      .then((found) => take(found.flat()))
      .catch(fail);
  });
}

/** Every file under an entry of a drop, with its path. */
async function walk(entry) {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) return [[path, await new Promise((resolve, reject) => entry.file(resolve, reject))]];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A reader gives a folder out in parts, the last of which is empty.
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return found;
    for (const inner of part) found.push(...(await walk(inner)));
  }
}

/** Paths relative to the folder that all files share, whose name becomes the model's. */
function gathered(pairs) {
  const first = pairs[0][0].split('/')[0];
  const shared = pairs.every(([path]) => path.startsWith(`${first}/`));
  const kept = pairs.filter(([path]) => !OTHER_WEIGHTS.test(path));
  const files = Object.fromEntries(kept.map(([path, file]) => [shared ? path.slice(first.length + 1) : path, file]));
  return { name: shared || pairs.length === 1 ? first : 'files', files };
}
