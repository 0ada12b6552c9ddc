/** Texts to try, by the model that reads them. */
export const EXAMPLES = {
  cellular:
    'Detection of various other intracellular signaling proteins is also described. Genetic characterization of ' +
    'transactivation of the human T-cell leukemia virus type 1 promoter: Binding of Tax to Tax-responsive ' +
    'element 1 is mediated by the cyclic AMP-responsive members of the CREB/ATF family of transcription factors. ' +
    'To achieve a better understanding of the mechanism of transactivation by Tax of human T-cell leukemia virus ' +
    'type 1 Tax-responsive element 1 (TRE-1), we developed a genetic approach with Saccharomyces cerevisiae. We ' +
    'constructed a yeast reporter strain containing the lacZ gene under the control of the CYC1 promoter ' +
    'associated with three copies of TRE-1. Expression of either the cyclic AMP response element-binding protein ' +
    '(CREB) or CREB fused to the GAL4 activation domain (GAD) in this strain did not modify the expression of ' +
    'the reporter gene. Tax alone was also inactive.',
  biomedical:
    'Metformin lowers blood glucose in people with type 2 diabetes and is excreted unchanged by the kidneys. In mice ' +
    'without the transporter gene SLC22A1, less of the drug reaches the liver, and lactic acidosis is rarer. We ' +
    'followed 120 patients with chronic kidney disease for two years. Five of them had an acute myocardial ' +
    'infarction; none had pancreatitis. In cultured rat hepatocytes, AMPK was phosphorylated at 50 µM, and the ' +
    'mitochondria of the cells took up less oxygen. Whether Akkermansia muciniphila in the gut adds to the effect ' +
    'of the drug on insulin resistance is not known.',
  clinical_trials:
    'This open-label, parallel-group, two-arm, pilot study compared the beta-cell protective effect of adding ' +
    'insulin glargine (GLA) vs. NPH insulin to ongoing metformin. Overall, 28 insulin-naive type 2 diabetes ' +
    'subjects (mean +/- SD age, 61.5 +/- 6.7 years; BMI, 30.7 +/- 4.3 kg/m(2)) treated with metformin and ' +
    'sulfonylurea were randomized to add once-daily GLA or NPH at bedtime.',
};
