/** Model files from the user's disk: a zip or a folder, chosen or dropped on the page. They are read in this tab only. */

/** Weights in formats that are not read, which a model's folder often holds beside the ONNX file. */
const OTHER_WEIGHTS = /\.(bin|h5|msgpack|ot|pt|pth|safetensors)$/i;

/**
 * Files by path, as `Annotator.create({ files, name })` takes them.
 * @typedef {{ name: string, files: Record<string, Blob> }} LocalModel
 */

/**
 * Calls `open` with an {@link LocalModel} whenever the user brings one.
 * @param {{ zip: HTMLInputElement, folder: HTMLInputElement, zone: HTMLElement }} elements `zone` gets the attribute
 *   `data-dropping` while files are dragged over it
 * @param {(model: LocalModel) => void} open
 * @param {(error: unknown) => void} fail
 */
export function acceptLocalModels({ zip, folder, zone }, open, fail) {
  const take = (/** @type {PathAndFile[]} */ pairs) => {
    if (pairs.length) open(gathered(pairs));
  };
  for (const input of [zip, folder]) {
    input.addEventListener('change', () => {
      take([...(input.files ?? [])].map((file) => [file.webkitRelativePath || file.name, file]));
      // Otherwise choosing the same files again would not be a change.
      input.value = '';
    });
  }
  const holdsFiles = (/** @type {DragEvent} */ event) => Boolean(event.dataTransfer?.types.includes('Files'));
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
    // The entries can only be had while the event is handled; reading them takes longer.
    const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
    Promise.all(entries.map(filesOf))
      .then((found) => take(found.flat()))
      .catch(fail);
  });
}

/** @typedef {[path: string, file: File]} PathAndFile */

/**
 * What was dropped: the file itself, or every file under it with its path.
 * @param {FileSystemEntry | File | null} dropped
 * @returns {Promise<PathAndFile[]>}
 */
async function filesOf(dropped) {
  if (!dropped) return [];
  if (dropped instanceof File) return [[dropped.name, dropped]];
  const path = dropped.fullPath.replace(/^\//, '');
  if (isFileEntry(dropped)) return [[path, await new Promise((resolve, reject) => dropped.file(resolve, reject))]];
  const reader = /** @type {FileSystemDirectoryEntry} */ (dropped).createReader();
  /** @type {PathAndFile[]} */
  const found = [];
  for (;;) {
    // A reader gives a folder's entries in parts, the last of which is empty.
    /** @type {FileSystemEntry[]} */
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return found;
    for (const inner of part) found.push(...(await filesOf(inner)));
  }
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemFileEntry}
 */
const isFileEntry = (entry) => entry.isFile;

/**
 * Paths relative to the folder that all files share, whose name becomes the model's.
 * @param {PathAndFile[]} pairs
 * @returns {LocalModel}
 */
function gathered(pairs) {
  const first = pairs[0][0].split('/')[0];
  const shared = pairs.every(([path]) => path.startsWith(`${first}/`));
  const read = pairs.filter(([path]) => !OTHER_WEIGHTS.test(path));
  const files = Object.fromEntries(read.map(([path, file]) => [shared ? path.slice(first.length + 1) : path, file]));
  return { name: shared || pairs.length === 1 ? first : 'files', files };
}
