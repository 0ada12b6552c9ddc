// What a person decides about what was found: pure rules, by random examples.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  OF_FILE,
  OF_PERSON,
  agreement,
  changed,
  characterEdge,
  findings,
  keyOf,
  moved,
  scores,
  suggested,
  undone,
  wordEdge,
} from '../../www/page/judging/findings.js';
import { movedEnd } from '../../www/page/judging/judge.js';
import { History } from '../../www/page/judging/history.js';

const TEXT = 'IL-2 gene expression requires NF-kappa B in human T cells.';
const chunk = (words, entity, confidence = 0.9) => {
  const begin = TEXT.indexOf(words);
  return { begin, end: begin + words.length, text: words, entity, confidence };
};
const CHUNKS = [chunk('IL-2 gene', 'DNA'), chunk('NF-kappa B', 'protein'), chunk('T cells', 'cell_type', 0.6)];

const decide = (of, verdict, other = {}) => {
  const { begin, end, entity } = { ...of, ...other };
  return { id: keyOf(of), verdict, begin, end, entity, time: '2026-01-01T00:00:00.000Z', of: suggested(of, 'tiny') };
};
const brief = (found) => found.map(({ text, entity, state }) => `${text}/${entity}/${state ?? ''}`);

test('without decisions, annotations of a file or other models, what is found is the chunks themselves', () => {
  const found = findings({ text: TEXT, chunks: CHUNKS });
  assert.deepEqual(found, CHUNKS);
  assert.ok(found.every((finding, i) => finding === CHUNKS[i]));
});

test('a decision takes the place of its suggestion, and stays when the model says something else', () => {
  const decisions = [decide(CHUNKS[0], 'accepted', { entity: 'protein' }), decide(CHUNKS[1], 'rejected')];
  const found = findings({ text: TEXT, chunks: CHUNKS, decisions });
  assert.deepEqual(brief(found), ['IL-2 gene/protein/accepted', 'NF-kappa B/protein/rejected', 'T cells/cell_type/']);
  assert.equal(found[0].by, 'person');
  assert.equal(found[0].confidence, 0.9);
  // Another run finds nothing, or the same, or what was decided.
  assert.deepEqual(brief(findings({ text: TEXT, chunks: [], decisions })), brief(found).slice(0, 2));
  const now = [{ ...CHUNKS[0], entity: 'protein', confidence: 0.4 }, CHUNKS[2]];
  assert.deepEqual(brief(findings({ text: TEXT, chunks: now, decisions })), brief(found));
});

test('layers are switched off each by itself; the order is that of the text', () => {
  const given = [{ spans: [{ begin: 0, end: 4 }, { begin: 10, end: 20 }], text: 'IL-2 expression', entity: 'gene' }];
  const chunks = [...CHUNKS.map((one) => ({ ...one, layer: 'a' })), { ...CHUNKS[1], layer: 'b' }].sort((x, y) => x.begin - y.begin);
  const decisions = [decide(CHUNKS[2], 'accepted')];
  const all = { text: TEXT, chunks, given, decisions };
  assert.deepEqual(brief(findings(all)), [
    'IL-2 expression/gene/',
    'IL-2 gene/DNA/',
    'NF-kappa B/protein/',
    'NF-kappa B/protein/',
    'T cells/cell_type/accepted',
  ]);
  assert.deepEqual(brief(findings({ ...all, off: new Set(['a', OF_FILE]) })), ['NF-kappa B/protein/', 'T cells/cell_type/accepted']);
  assert.deepEqual(brief(findings({ ...all, off: new Set([OF_PERSON, 'b', OF_FILE]) })), brief(CHUNKS));
});

test('what is done is undone, whatever the order of the decisions', () => {
  for (let seed = 1; seed <= 200; seed++) {
    let state = seed;
    const random = (below) => {
      state = (state * 48271) % 2147483647;
      return state % below;
    };
    const history = new History();
    const states = [[]];
    let decisions = [];
    const same = (one, other) => assert.deepEqual(new Set(one.map((d) => JSON.stringify(d))), new Set(other.map((d) => JSON.stringify(d))));
    for (let step = 0; step < 12; step++) {
      const changes = CHUNKS.filter(() => random(2)).map((of) => {
        const id = keyOf(of);
        const before = decisions.find((decision) => decision.id === id);
        const after = random(4) ? decide(of, random(2) ? 'accepted' : 'rejected', { entity: `e${random(3)}` }) : undefined;
        return { id, before, after };
      });
      history.add([{ of: 1, changes }]);
      decisions = changed(decisions, changes);
      states.push(decisions);
    }
    const last = decisions;
    for (let at = states.length - 2; at >= 0; at--) {
      for (const { changes } of history.undo()) decisions = changed(decisions, undone(changes));
      same(decisions, states[at]);
    }
    assert.equal(history.undo(), undefined);
    while (history.canRedo) for (const { changes } of history.redo()) decisions = changed(decisions, changes);
    same(decisions, last);
  }
});

test('what was done about one document is forgotten, and the rest can be undone', () => {
  const history = new History();
  const change = (of) => ({ of, changes: [{ id: 'x' }] });
  for (const step of [[change(1)], [change(1), change(2)], [change(2)]]) history.add(step);
  history.undo();
  history.drop(2);
  assert.equal(history.redo(), undefined);
  assert.deepEqual([history.undo(), history.undo(), history.undo()], [[change(1)], [change(1)], undefined]);
});

test('decisions go along with their words when the text is changed elsewhere', () => {
  const decisions = CHUNKS.map((of) => decide(of, 'accepted'));
  const words = (text, those) => those.map(({ begin, end }) => text.slice(begin, end));
  const before = `New β𝛼: ${TEXT}`;
  const there = moved(decisions, TEXT, before);
  assert.equal(there.lost, 0);
  assert.deepEqual(words(before, there.decisions), words(TEXT, decisions));
  assert.ok(there.decisions.every(({ id, of, begin }) => id === keyOf(of) && of.begin === begin));
  const within = TEXT.replace('NF-kappa B', 'NF-kB');
  const other = moved(decisions, TEXT, within);
  assert.equal(other.lost, 1);
  assert.deepEqual(words(within, other.decisions), ['IL-2 gene', 'T cells']);
  assert.equal(moved(decisions, TEXT, '').lost, 3);
  // Two changes, before and after; words that are not to be told from others are not guessed.
  const around = `So ${TEXT.replace('T cells', 'B cells')}`;
  assert.deepEqual(words(around, moved(decisions, TEXT, around).decisions), ['IL-2 gene', 'NF-kappa B']);
  assert.equal(moved(decisions, TEXT, `So ${TEXT} ${TEXT}!`).lost, 3);
});

test('agreement counts what was judged, and nothing else', () => {
  const added = { id: 'added', verdict: 'accepted', begin: 44, end: 49, entity: 'cell_type', time: '' };
  const decisions = [decide(CHUNKS[0], 'accepted'), decide(CHUNKS[1], 'accepted', { entity: 'DNA' }), added];
  const all = agreement(CHUNKS, decisions);
  assert.deepEqual(all, {
    DNA: { right: 1, wrong: 0, missed: 1 },
    protein: { right: 0, wrong: 1, missed: 0 },
    cell_type: { right: 0, wrong: 0, missed: 1 },
  });
  assert.deepEqual(scores(all.DNA), { precision: 1, recall: 0.5, f1: 2 / 3 });
  assert.deepEqual(scores(all.protein), { precision: 0, recall: undefined, f1: 0 });
  assert.deepEqual(agreement(CHUNKS, []), {});
});

test('ends move by words and by characters, never into a pair of surrogates', () => {
  assert.equal(wordEdge(TEXT, 4, 'end', 1), 9);
  assert.equal(wordEdge(TEXT, 4, 'end', -1), 3);
  assert.equal(wordEdge(TEXT, 5, 'begin', -1), 3);
  assert.equal(wordEdge(TEXT, 0, 'begin', -1), 0);
  assert.equal(wordEdge(TEXT, TEXT.length, 'end', 1), TEXT.length);
  assert.equal(characterEdge('a𝛼b', 1, 1), 3);
  assert.equal(characterEdge('a𝛼b', 3, -1), 1);
  assert.equal(characterEdge('ab', 2, 1), 2);
  assert.equal(characterEdge('ab', 0, -1), 0);
});

test('a place keeps one character, and no blank at the end that is moved', () => {
  const text = 'a bc  d.';
  const moves = (place, ...how) => Object.values(movedEnd(text, place, ...how));
  assert.deepEqual(moves({ begin: 0, end: 1 }, 'end', 1, 'character'), [0, 3]);
  assert.deepEqual(moves({ begin: 0, end: 3 }, 'end', -1, 'character'), [0, 1]);
  assert.deepEqual(moves({ begin: 6, end: 7 }, 'begin', -1, 'character'), [3, 7]);
  assert.deepEqual(moves({ begin: 2, end: 7 }, 'begin', 1, 'word'), [6, 7]);
  assert.deepEqual(moves({ begin: 2, end: 3 }, 'end', -1, 'character'), [2, 3]);
  assert.deepEqual(moves({ begin: 0, end: 8 }, 'end', 1, 'word'), [0, 8]);
});
