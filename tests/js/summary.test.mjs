// What is counted over many documents.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Documents } from '../../www/page/documents/documents.js';
import { BOUNDS, summarise } from '../../www/page/summary/summarise.js';
import { entitiesCsv, mentionsCsv } from '../../www/page/summary/summary-csv.js';
import { notesOf } from '../../www/page/summary/summary-view.js';

async function* of(...documents) {
  for (const [i, found] of documents.entries()) {
    yield { key: i + 1, id: `id ${i + 1}`, chunks: found.map(([entity, text]) => ({ begin: 0, end: text.length, text, entity })) };
  }
}

const words = ({ mentions }) => mentions.map(({ entity, text, chunks, documents, keys }) => [entity, text, chunks, documents, keys]);

async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Numbers that are the same in each run. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('nothing found is counted too', async () => {
  const none = { chunks: 0, entities: [], mentions: [], leftOut: 0 };
  assert.deepEqual(await summarise(of()), { documents: 0, withFindings: 0, ...none });
  assert.deepEqual(await summarise(of([], [])), { documents: 2, withFindings: 0, ...none });
});

test('a mention is the same in any case and with any white space, and has its most frequent spelling', async () => {
  const summary = await summarise(
    of([['DNA', 'il-2 gene'], ['DNA', 'IL-2\n  gene']], [['DNA', ' IL-2 gene']], [], [['protein', 'IL-2 gene'], ['DNA', 'Il-2 GENE'], ['DNA', 'p50']]),
  );
  assert.deepEqual(words(summary), [
    ['DNA', 'IL-2 gene', 4, 3, [1, 2, 4]],
    ['protein', 'IL-2 gene', 1, 1, [4]],
    ['DNA', 'p50', 1, 1, [4]],
  ]);
  const { documents, withFindings, chunks, entities } = summary;
  assert.deepEqual([documents, withFindings, chunks], [4, 3, 6]);
  assert.deepEqual(entities, [
    { entity: 'DNA', chunks: 5, documents: 3 },
    { entity: 'protein', chunks: 1, documents: 1 },
  ]);
});

test('whatever is found, the counts add up, and mentions are those of a plain count', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const next = random(seed);
    const documents = Array.from({ length: next(40) }, () =>
      Array.from({ length: next(30) }, () => [`entity ${next(4)}`, ['Alpha', 'alpha', 'ALPHA', 'b  c', 'B c', `x ${next(50)}`][next(6)]]),
    );
    const summary = await summarise(of(...documents));
    assert.equal(summary.documents, documents.length);
    assert.equal(summary.withFindings, documents.filter((found) => found.length).length);
    const sum = (of, by) => of.reduce((all, one) => all + one[by], 0);
    assert.equal(summary.chunks, documents.flat().length);
    assert.equal(sum(summary.entities, 'chunks'), summary.chunks);
    assert.equal(sum(summary.mentions, 'chunks'), summary.chunks);
    for (const { entity, chunks, documents: those } of summary.entities) {
      assert.equal(sum(summary.mentions.filter((mention) => mention.entity === entity), 'chunks'), chunks);
      assert.equal(those, documents.filter((found) => found.some(([name]) => name === entity)).length);
    }
    const folded = (text) => text.replaceAll(/\s+/g, ' ').toLowerCase();
    for (const { entity, text, chunks, keys, documents: count, uncounted } of summary.mentions) {
      const isIt = ([name, other]) => name === entity && folded(other) === folded(text);
      assert.equal(chunks, documents.flat().filter(isIt).length);
      assert.deepEqual(keys, documents.flatMap((found, i) => (found.some(isIt) ? [i + 1] : [])));
      assert.deepEqual([count, uncounted], [keys.length, 0]);
    }
    const counts = summary.mentions.map(({ chunks }) => chunks);
    assert.deepEqual(counts, counts.toSorted((one, other) => other - one));
  }
});

test('beyond the bound rare mentions are left out, and it is known how rare', async () => {
  const most = 60;
  for (let seed = 1; seed <= 20; seed++) {
    const next = random(seed);
    // Some words are frequent, thousands are not.
    const documents = Array.from({ length: 300 }, () => Array.from({ length: 20 }, () => ['DNA', `word ${next(next(2) ? 15 : 5000)}`]));
    const truth = new Map();
    for (const [, text] of documents.flat()) truth.set(text, (truth.get(text) ?? 0) + 1);
    const { mentions, leftOut, chunks, entities } = await summarise(of(...documents), { bounds: { ...BOUNDS, mentions: most } });
    assert.ok(mentions.length <= most);
    assert.ok(leftOut > 0 && leftOut < 200, `${leftOut}`);
    assert.deepEqual([chunks, entities[0].chunks], [6000, 6000], 'what is not of mentions is exact');
    const found = new Map(mentions.map((mention) => [mention.text, mention]));
    for (const [text, count] of truth) {
      const mention = found.get(text);
      if (count > leftOut) assert.ok(mention, `${text} was found ${count} times`);
      if (!mention) continue;
      assert.ok(mention.chunks <= count && count <= mention.chunks + mention.uncounted, text);
      assert.ok(mention.uncounted <= leftOut);
    }
  }
});

test('a mention names a limited number of its documents, the first, and counts all', async () => {
  const documents = Array.from({ length: 100 }, (_, i) => [['DNA', 'a'], ['DNA', 'b'], ...(i % 2 ? [['DNA', 'c']] : [])]);
  const named = async (bounds) => (await summarise(of(...documents), { bounds: { ...BOUNDS, ...bounds } })).mentions;
  const first = Array.from({ length: 30 }, (_, i) => i + 1);
  assert.deepEqual((await named({ keys: 30 })).map(({ documents, keys }) => [documents, keys]), [
    [100, first],
    [100, first],
    [50, first.map((i) => 2 * i)],
  ]);
  const few = await named({ allKeys: 40 });
  assert.ok(few.reduce((all, { keys }) => all + keys.length, 0) <= 40);
  assert.deepEqual(few.map(({ documents }) => documents), [100, 100, 50]);
  for (const { keys } of few.slice(0, 2)) assert.deepEqual(keys, first.slice(0, keys.length));
});

test('the files have every mention, and say how certain a count is where it is not', () => {
  const entities = [{ entity: '=DNA', chunks: 3, documents: 2 }];
  assert.equal([...entitiesCsv({ entities })].join(''), "entity,chunks,documents\n'=DNA,3,2\n");
  const mention = (text, uncounted) => ({ entity: 'DNA', text, chunks: 3, documents: 2, keys: [1], uncounted });
  const mentions = Array.from({ length: 2500 }, (_, i) => mention(i ? `a, "${i}"` : '-1', i % 2));
  const rows = (leftOut) => [...mentionsCsv({ mentions, leftOut })].join('').split('\n');
  assert.deepEqual(rows(0).slice(0, 3), ['entity,text,chunks,documents', "DNA,'-1,3,2", 'DNA,"a, ""1""",3,2']);
  assert.deepEqual(rows(1).slice(0, 3), ['entity,text,chunks,documents,chunks_at_most', "DNA,'-1,3,2,3", 'DNA,"a, ""1""",3,2,4']);
  assert.equal(rows(1).length, 2502);
  assert.deepEqual([...mentionsCsv({ mentions: [], leftOut: 0 })], ['entity,text,chunks,documents\n']);
});

test('what the figures leave out is said', () => {
  const summary = { documents: 5, chunks: 9, leftOut: 0 };
  assert.deepEqual(notesOf(summary, 5), []);
  assert.deepEqual(notesOf(summary, 7), ['2 documents are not counted: waiting, failed, or changed and not annotated anew.']);
  assert.deepEqual(notesOf({ ...summary, chunks: 0 }, 5), ['Nothing was found in them.']);
  assert.deepEqual(notesOf({ ...summary, documents: 0, chunks: 0 }, 5), ['No document has been annotated yet.']);
  assert.deepEqual(notesOf({ ...summary, leftOut: 3 }, 5), [
    'More different mentions were found than the 200,000 that are counted at a time. Those found 3 times or fewer may be missing, and ' +
      'some counts are a range. The figures of the entities are exact.',
  ]);
});

test('it is done in slices, says how far it is, and ends when it is no longer wanted', { timeout: 120_000 }, async () => {
  const many = Array.from({ length: 60_000 }, (_, i) => [['DNA', `word ${i % 1000}`], ['DNA', 'Word']]);
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 5);
  const told = [];
  const { chunks } = await summarise(of(...many), { onProgress: (documents) => told.push(documents) });
  assert.equal(chunks, 120_000);
  assert.ok(turns > 1, 'others had their turn');
  assert.deepEqual(told, told.toSorted((one, other) => one - other));
  const controller = new AbortController();
  let seen = 0;
  const onProgress = (documents) => {
    seen = documents;
    controller.abort();
  };
  await assert.rejects(summarise(of(...many), { signal: controller.signal, onProgress }), { code: 'cancelled' });
  assert.ok(seen < many.length);
  clearInterval(turning);
});

test('the findings of documents are those that are done, at a confidence, in the order of the list', async () => {
  const documents = new Documents(() => {});
  const never = new AbortController().signal;
  async function* numbered() {
    for (let i = 1; i <= 250; i++) yield { id: `id ${i}`, text: `Text ${i}.`, place: `line ${i}` };
  }
  const { keys } = await documents.add(numbered(), never, () => {});
  const setup = { model: 'm/', name: 'm', pipeline: { options: {}, annotate: {} } };
  await documents.begin('a', setup);
  const annotate = async (text) => {
    if (text === 'Text 7.') throw new Error('no');
    const chunk = { begin: 0, end: text.length, text, entity: 'DNA', confidence: 0.75 };
    return { setup: 'a', mode: 'window', entities: ['DNA'], chunks: [chunk, { ...chunk, end: 4, text: 'Text', confidence: 0.5 }] };
  };
  await documents.run(annotate, () => false, () => {}, never);
  await documents.setText(keys[9], 'Another.');
  const found = await all(documents.findings(0, never));
  const done = keys.filter((_, i) => i !== 6 && i !== 9);
  assert.deepEqual(found.map(({ key }) => key), done);
  assert.deepEqual([found[0].id, found[0].chunks.map(({ text }) => text)], ['id 1', ['Text 1.', 'Text']]);
  const sure = await all(documents.findings(0.6, never));
  assert.deepEqual([sure.length, sure[1].chunks.map(({ text }) => text)], [248, ['Text 2.']]);
  const ended = new AbortController();
  let count = 0;
  for await (const _ of documents.findings(0, ended.signal)) {
    count += 1;
    ended.abort();
  }
  assert.ok(count <= 100);
  const { documents: counted, chunks } = await summarise(documents.findings(0, never));
  assert.deepEqual([counted, chunks], [248, 496]);
});
