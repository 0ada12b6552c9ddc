"""Sentences that tokenizers learn from and documents are chosen of. All invented."""

PLAIN = """
Kelvastatin 40 mg lowered serum LDL in patients.
The BRX2-alpha gene encodes a zinc-finger protein.
IL-9R expression rose 3.4-fold in T cells.
Dr. Vantorre gave ondaxetrine twice daily.
Patients received insulin glargine or placebo.
No adverse events were reported in the cohort.
The compound KX-7731 induced apoptosis in HEK293 cells.
Sequencing of exons 3 and 4 showed a c.412G>A substitution.
Metformin was well tolerated (p = 0.012).
NF-kappa B binds the promoter of the gene.
Serum creatinine fell from 2.1 to 1.4 mg/dL.
Mice lacking Trpm19 gained weight on a high-fat diet.
The control arm took placebo for 12 weeks.
Tumour growth was inhibited by the antibody.
CD28 and CD3 activate human T lymphocytes.
A phase 2 trial of velatinib in renal cancer.
The receptor is found on the surface of neurons.
Blood pressure was 142/91 mmHg at baseline.
Loss of p53 leads to genomic instability.
She was treated with amoxicillin for pneumonia.
Glucose uptake depends on the GLUT4 transporter.
Two patients withdrew; one died of sepsis.
The kinase phosphorylates serine 473 of AKT1.
Hepatic steatosis improved after weight loss.
Expression of mRNA was measured by qPCR.
Aspirin reduces the risk of stroke.
The protein has 412 amino acids.
HbA1c was above 8.5 % in both groups.
Ribosomal RNA was stained with ethidium bromide.
Interferon gamma stimulates macrophages.
The enzyme cleaves the peptide bond.
Liver enzymes returned to normal in week 6.
Vitamin D deficiency is common in winter.
Antibodies against the spike protein persisted.
The virus enters cells through ACE2.
Nausea and headache were the most common effects.
""".strip().split("\n")

ODD = """
Résumé: β-carotene (10 µg/mL) inhibited NF-κB signalling — see Fig. 2a–c.
Naïve CD4⁺ T cells 🧬🧬 expressed IL-2.
Sjögren's syndrome, in Zürich and Malmö.
The patient's temperature was 38.9 °C 🤒 at noon.
Übelkeit und Kopfschmerzen nach Metformin.
L'anémie falciforme est traitée par hydroxyurée.
α-Synuclein forms fibrils; Aβ42 does not.
Glucose ≥ 126 mg/dL, insulin ≤ 5 µU/mL.
患者服用阿司匹林 100 mg daily.
Aspirin\u00a0100\u00a0mg\tand  two   spaces.
""".strip("\n").split("\n")

# Short documents, for forms whose arithmetic is coarse: fewer word pieces, fewer near ties.
PHRASES = [" ".join(words[i : i + 4]) for words in map(str.split, PLAIN) for i in range(0, len(words) - 2, 3)]

# One document of many sentences, for windows at their limit.
LONG = " ".join(PLAIN + ODD)
