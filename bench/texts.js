/** Benchmark texts, made of our own sentences; the same in every run. */

const SENTENCES = [
  'Interleukin-2 secretion fell by half when Jurkat T cells were cultured with the inhibitor.',
  'We asked whether nuclear factor kappa B binds to the promoter of the CD86 gene in resting monocytes.',
  'Expression of GATA-3 mRNA was detected in naive CD4+ lymphocytes but not in the HeLa cell line.',
  'A mutant that lacks the second zinc finger failed to activate transcription from the enhancer.',
  'The glucocorticoid receptor competes with AP-1 for a shared coactivator in peripheral blood mononuclear cells.',
  'Patients received either 5 mg of the study drug once daily or a matching placebo for twelve weeks.',
  'Electrophoretic mobility shift assays showed two complexes, the slower of which contained c-Rel and p50.',
  'Mean systolic blood pressure decreased by 7.4 mmHg in the active group (p = 0.013).',
  'In contrast, stimulation with phorbol ester and ionomycin raised the level of NFAT in the nucleus.',
  'Thus tyrosine phosphorylation of STAT5 precedes the induction of cyclin D2 in human B cells.',
  'These cells carried a deletion of the retinoblastoma gene and grew without added growth factors.',
  'Transient transfection of a luciferase reporter into U937 cells confirmed that the site is functional.',
  'No difference between the arms was seen in the number of adverse events that led to withdrawal.',
  'Adhesion of eosinophils to endothelial cells depends on VCAM-1 and on alpha4 integrins.',
  'Sequence analysis of the 3.2 kb upstream region revealed three potential binding sites for Ets-1.',
  'The antisense oligonucleotide reduced bcl-2 protein without any effect on bax.',
  'Tumour necrosis factor alpha induced degradation of I kappa B alpha within ten minutes.',
  'Of 148 enrolled adults with type 2 diabetes, 131 completed the open-label extension.',
  'Erythroid progenitors from the bone marrow were sorted by flow cytometry and lysed at once.',
  'A dominant negative form of Ras blocked activation of the mitogen-activated protein kinase cascade.',
  'Surprisingly, dexamethasone did not repress the long terminal repeat of HIV-1 in this system.',
  'Northern blots indicated that the transcript of 1.8 kb is restricted to cells of the myeloid lineage.',
  'The primary end point was the change of haemoglobin A1c from baseline to week 26.',
  'Overexpression of the coactivator CBP restored the response of the interferon gamma promoter.',
  'Monoclonal antibodies against CD28 prolonged the half-life of cytokine messenger RNA.',
  'Our results suggest that the repressor acts by recruiting a histone deacetylase to chromatin.',
  'Randomisation was stratified by centre, age and previous use of metformin.',
  'Alveolar macrophages from smokers released less prostaglandin E2 than those of controls.',
  'Binding of Oct-1 to the octamer motif was required for full activity in lymphoid cells.',
  'Median follow-up was 34 months, and overall survival at two years was 61% against 48%.',
  'Calcineurin inhibitors such as cyclosporin A prevented dephosphorylation of the transcription factor.',
  'Further work is needed to learn how the two signals converge on the same kinase.',
];

/** Mulberry32: a small pseudo-random generator of numbers in [0, 1), the same on all platforms. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

function paragraph(random, sentences) {
  const left = [...SENTENCES];
  const taken = [];
  while (taken.length < sentences) taken.push(left.splice(Math.floor(random() * left.length), 1)[0]);
  return taken.join(' ');
}

/** Texts of 8 to 14 sentences, about 750 to 1,400 characters: the length of an abstract. */
export function abstracts(count, seed = 1) {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => paragraph(random, 8 + Math.floor(random() * 7)));
}

/** A text of paragraphs with at least the given length. */
export function longDocument(characters, seed = 2) {
  const random = randomNumbers(seed);
  let text = paragraph(random, 10);
  while (text.length < characters) text += `\n\n${paragraph(random, 10)}`;
  return text;
}

/** Texts of one sentence each. */
export function sentences(count) {
  return Array.from({ length: count }, (_, i) => SENTENCES[i % SENTENCES.length]);
}
