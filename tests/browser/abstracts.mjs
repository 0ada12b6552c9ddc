// Beginnings of abstracts as researchers have them, written for the tests.
const SENTENCES = [
  'Interleukin-2 gene transcription in Jurkat T cells requires NF-kappa B and the calcium-dependent factor NF-AT.',
  'The GATA-1 transcription factor binds to the beta-globin enhancer in erythroid cells but not in monocytes.',
  'Glucocorticoid receptor represses AP-1 activity in peripheral blood lymphocytes of healthy donors.',
  'Overexpression of Bcl-2 protects HL-60 cells from apoptosis that is induced by TNF-alpha.',
  'The HIV-1 long terminal repeat is activated by Tat and by Sp1 in human macrophages.',
  'CD28 costimulation stabilises IL-2 mRNA and increases its secretion by primary T lymphocytes.',
  'c-Myb and Ets-1 cooperate at the promoter of the T cell receptor delta gene.',
  'A mutation of the octamer motif abolishes the activity of the immunoglobulin heavy chain enhancer in B cells.',
  'Erythropoietin induces tyrosine phosphorylation of STAT5 in UT-7 cells.',
  'Expression of the EBV protein LMP1 up-regulates CD40 on Burkitt lymphoma cell lines.',
  'The p65 subunit of NF-kappa B is retained in the cytoplasm by I kappa B-alpha.',
  'Retinoic acid differentiates NB4 promyelocytes through the receptor RAR-alpha.',
];

/** As many as there are, each of three sentences, as JSON lines. */
export const ABSTRACTS = SENTENCES.map((sentence, i) => {
  const others = [SENTENCES[(i + 5) % SENTENCES.length], SENTENCES[(i + 8) % SENTENCES.length]];
  return JSON.stringify({ id: `PMID ${7_512_300 + 17 * i}`, text: [sentence, ...others].join(' ') });
}).join('\n');
