/** Files from the user's disk, chosen, or dropped or pasted on the page. They are read in this tab only. */

/** @typedef {[path: string, file: File]} PathAndFile */

/**
 * Calls `take` with the files whenever the user brings some.
 * @param {{ inputs: HTMLInputElement[], zone?: HTMLElement }} elements `zone` takes drops and files that are pasted, and gets the
 *   attribute `data-dropping` while files are dragged over it
 * @param {(files: Promise<PathAndFile[]>) => void} take is called while the event is handled: a folder takes a while
 */
export function acceptFiles({ inputs, zone }, take) {
  for (const input of inputs) {
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])];
      // Otherwise choosing the same files again would not be a change.
      input.value = '';
      if (files.length) take(Promise.resolve(files.map((file) => [file.webkitRelativePath || file.name, file])));
    });
  }
  if (!zone) return;
  acceptDrops(zone, take);
  zone.addEventListener('paste', ({ clipboardData }) => {
    const files = [...(clipboardData?.files ?? [])];
    // Word processors put a picture beside the text that is copied.
    if (files.length && !clipboardData?.types.includes('text/plain')) take(Promise.resolve(files.map((file) => [file.name, file])));
  });
}

/**
 * @param {HTMLElement} zone
 * @param {(files: Promise<PathAndFile[]>) => void} take
 */
function acceptDrops(zone, take) {
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
    take(Promise.all(entries.map(filesOf)).then((found) => found.flat()));
  });
}

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
