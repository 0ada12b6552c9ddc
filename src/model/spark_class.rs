//! Spark NLP's classes of token classifiers: only those with BERT's tokenizer can be read.

use crate::Error;

/// What to do with a model of another class.
const INSTEAD: &str =
    "give the Hugging Face folder that it was made from, with config.json, tokenizer.json and model.onnx";

/// Checks the class in a saved model's metadata, such as
/// `com.johnsnowlabs.nlp.annotators.classifier.dl.BertForTokenClassification`. Licensed classes have other names before
/// `BertForToken…`; `DistilBertForTokenClassification` encodes as BERT does.
///
/// # Errors
/// `model_unsupported`.
pub(super) fn check(class: &str, file: &str) -> Result<(), Error> {
    let name = class.rsplit('.').next().unwrap_or(class);
    let reason = match name.split_once("BertForToken") {
        Some((before, _)) if before != "Camem" => return Ok(()),
        _ if name.ends_with("PipelineModel") => {
            "it is a whole pipeline; give the folder of its token classifier, one of those in the folder stages".into()
        }
        _ if name.contains("ForTokenClassif") => {
            format!("models of the class {name} have another tokenizer; {INSTEAD}")
        }
        _ => format!("models of the class {name} are not token classifiers that can be read"),
    };
    Err(Error::ModelUnsupported { file: file.to_string(), reason })
}

/// The error for an export folder of these classes.
pub(super) fn other_export(classes: &str, file: String) -> Error {
    let reason = format!("it belongs to an export for {classes}, which has another tokenizer; {INSTEAD}");
    Error::ModelUnsupported { file, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_with_berts_tokenizer_are_read_and_others_named() {
        for name in ["BertForTokenClassification", "DistilBertForTokenClassification", "MedicalBertForTokenClassifier"]
        {
            assert_eq!(check(&format!("com.johnsnowlabs.nlp.annotators.classifier.dl.{name}"), "f"), Ok(()), "{name}");
        }
        for name in [
            "RoBertaForTokenClassification",
            "XlmRoBertaForTokenClassification",
            "CamemBertForTokenClassification",
            "DeBertaForTokenClassification",
            "AlbertForTokenClassification",
            "LongformerForTokenClassification",
            "XlnetForTokenClassification",
            "BertForSequenceClassification",
            "NerDLModel",
        ] {
            let error = check(&format!("com.johnsnowlabs.nlp.{name}"), "f").expect_err(name);
            assert_eq!(error.code(), "model_unsupported");
            assert!(error.to_string().contains(name), "{error}");
        }
        assert!(check("org.apache.spark.ml.PipelineModel", "f").expect_err("refused").to_string().contains("stages"));
    }
}
