//! The tokenizer classes of transformers, version 4.57: which of `tokenizer_config.json` each one uses, its default special
//! tokens, and from which files it can be made.

use serde_json::Value as Json;

/// What a class of tokenizers does beyond reading `tokenizer.json`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TokenizerClass {
    /// The name without `Tokenizer` and `Fast`; empty for a tokenizer that is all in its `tokenizer.json`.
    pub(super) name: &'static str,
    /// The files, other than `tokenizer.json`, that a tokenizer is made from.
    pub(super) files: VocabularyFiles,
    /// Whether case and accents (and, if `chinese`, Chinese characters) of the configuration override the normalizer.
    pub(super) normalizer: Option<Normalizer>,
    /// Whether a space before the text is added by default.
    pub(super) prefix_space: bool,
    /// Whether spaces are taken off the pieces' offsets by default, for classes whose post-processor is rewritten.
    pub(super) trim_offsets: Option<bool>,
    special: &'static [(&'static str, &'static str)],
    /// Whether the mask takes the space before it.
    pub(super) mask_takes_space: bool,
    /// The token type of the piece before a window.
    pub(super) start_type: u32,
}

/// The files that a slow tokenizer is saved as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VocabularyFiles {
    /// `vocab.txt`: WordPiece.
    WordPiece,
    /// `vocab.json` and `merges.txt`: byte-level BPE, framed as this class does it.
    ByteLevel(Frame),
    /// Others, of which transformers can make a `tokenizer.json`.
    Convertible,
    /// Others, of which it cannot: there is no fast class.
    Slow,
    /// Whichever there are: the class is not known.
    Any,
}

/// The special pieces around a window of byte-level BPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// RoBERTa's post-processor, with `cls_token` and `sep_token`.
    Roberta,
    /// A template with `[CLS]` and `[SEP]`.
    Deberta,
    /// None, or `bos_token` if `add_bos_token` says so.
    Gpt2,
}

/// What of the normalizer the configuration decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Normalizer {
    /// Whether `tokenize_chinese_chars` counts.
    pub(super) chinese: bool,
}

const BERT: &[(&str, &str)] = &[
    ("unk_token", "[UNK]"),
    ("sep_token", "[SEP]"),
    ("pad_token", "[PAD]"),
    ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
];
const ROBERTA: &[(&str, &str)] = &[
    ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("unk_token", "<unk>"),
    ("sep_token", "</s>"),
    ("pad_token", "<pad>"),
    ("cls_token", "<s>"),
    ("mask_token", "<mask>"),
];
const MPNET: &[(&str, &str)] = &[
    ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("unk_token", "[UNK]"),
    ("sep_token", "</s>"),
    ("pad_token", "<pad>"),
    ("cls_token", "<s>"),
    ("mask_token", "<mask>"),
];
const FUNNEL: &[(&str, &str)] = &[
    ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("unk_token", "<unk>"),
    ("sep_token", "<sep>"),
    ("pad_token", "<pad>"),
    ("cls_token", "<cls>"),
    ("mask_token", "<mask>"),
];
const DEBERTA: &[(&str, &str)] = &[
    ("bos_token", "[CLS]"),
    ("eos_token", "[SEP]"),
    ("unk_token", "[UNK]"),
    ("sep_token", "[SEP]"),
    ("pad_token", "[PAD]"),
    ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
];
const ALBERT: &[(&str, &str)] = &[
    ("bos_token", "[CLS]"),
    ("eos_token", "[SEP]"),
    ("unk_token", "<unk>"),
    ("sep_token", "[SEP]"),
    ("pad_token", "<pad>"),
    ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
];
const FNET: &[(&str, &str)] = &[
    ("unk_token", "<unk>"),
    ("sep_token", "[SEP]"),
    ("pad_token", "<pad>"),
    ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
];
const BIG_BIRD: &[(&str, &str)] = &[
    ("unk_token", "<unk>"),
    ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("pad_token", "<pad>"),
    ("sep_token", "[SEP]"),
    ("mask_token", "[MASK]"),
    ("cls_token", "[CLS]"),
];
const T5: &[(&str, &str)] = &[("eos_token", "</s>"), ("unk_token", "<unk>"), ("pad_token", "<pad>")];
const LLAMA: &[(&str, &str)] = &[("unk_token", "<unk>"), ("bos_token", "<s>"), ("eos_token", "</s>")];
const GPT2: &[(&str, &str)] =
    &[("unk_token", "<|endoftext|>"), ("bos_token", "<|endoftext|>"), ("eos_token", "<|endoftext|>")];
const QWEN2: &[(&str, &str)] =
    &[("unk_token", "<|endoftext|>"), ("eos_token", "<|endoftext|>"), ("pad_token", "<|endoftext|>")];

/// A tokenizer without rules of its own.
const GENERIC: TokenizerClass = TokenizerClass {
    name: "",
    files: VocabularyFiles::Any,
    normalizer: None,
    prefix_space: false,
    trim_offsets: None,
    special: &[],
    mask_takes_space: false,
    start_type: 0,
};

const fn bert(name: &'static str, chinese: bool) -> TokenizerClass {
    let normalizer = Some(Normalizer { chinese });
    TokenizerClass { name, files: VocabularyFiles::WordPiece, normalizer, special: BERT, ..GENERIC }
}

const fn roberta(name: &'static str) -> TokenizerClass {
    TokenizerClass {
        name,
        files: VocabularyFiles::ByteLevel(Frame::Roberta),
        trim_offsets: Some(true),
        special: ROBERTA,
        mask_takes_space: true,
        ..GENERIC
    }
}

/// A class that is made from SentencePiece's files.
const fn sentence_piece(name: &'static str, special: &'static [(&'static str, &'static str)]) -> TokenizerClass {
    TokenizerClass { name, files: VocabularyFiles::Convertible, special, mask_takes_space: true, ..GENERIC }
}

/// A class of which only a `tokenizer.json` can be read, which transformers makes of its files.
const fn convertible(name: &'static str) -> TokenizerClass {
    TokenizerClass { name, files: VocabularyFiles::Convertible, ..GENERIC }
}

/// A class without a fast one: its word pieces have no places in the text.
const fn slow(name: &'static str) -> TokenizerClass {
    TokenizerClass { name, files: VocabularyFiles::Slow, ..GENERIC }
}

const CLASSES: &[TokenizerClass] = &[
    bert("Bert", true),
    bert("DistilBert", true),
    bert("Electra", true),
    bert("MobileBert", true),
    bert("SqueezeBert", true),
    bert("ConvBert", true),
    bert("LayoutLM", true),
    bert("Lxmert", true),
    bert("Realm", true),
    bert("RetriBert", true),
    bert("DPRContextEncoder", true),
    bert("DPRQuestionEncoder", true),
    bert("DPRReader", true),
    bert("LayoutLMv2", false),
    bert("Splinter", false),
    TokenizerClass { files: VocabularyFiles::Convertible, ..bert("RoFormer", false) },
    TokenizerClass { special: MPNET, mask_takes_space: true, ..bert("MPNet", false) },
    TokenizerClass { special: FUNNEL, start_type: 2, ..bert("Funnel", true) },
    roberta("Roberta"),
    roberta("Bart"),
    roberta("Longformer"),
    roberta("LED"),
    roberta("Mvp"),
    TokenizerClass { prefix_space: true, ..roberta("LayoutLMv3") },
    TokenizerClass { files: VocabularyFiles::Convertible, ..roberta("Blenderbot") },
    TokenizerClass { files: VocabularyFiles::Convertible, trim_offsets: Some(false), ..roberta("MarkupLM") },
    TokenizerClass {
        name: "Deberta",
        files: VocabularyFiles::ByteLevel(Frame::Deberta),
        special: DEBERTA,
        mask_takes_space: true,
        ..GENERIC
    },
    TokenizerClass { name: "GPT2", files: VocabularyFiles::ByteLevel(Frame::Gpt2), special: GPT2, ..GENERIC },
    TokenizerClass { name: "CodeGen", files: VocabularyFiles::ByteLevel(Frame::Gpt2), special: GPT2, ..GENERIC },
    TokenizerClass { special: GPT2, ..convertible("GPTNeoX") },
    TokenizerClass { special: QWEN2, ..convertible("Qwen2") },
    TokenizerClass { mask_takes_space: false, ..sentence_piece("DebertaV2", DEBERTA) },
    sentence_piece("XLMRoberta", ROBERTA),
    sentence_piece("Camembert", ROBERTA),
    sentence_piece("Barthez", ROBERTA),
    sentence_piece("LayoutXLM", ROBERTA),
    sentence_piece("MBart", ROBERTA),
    sentence_piece("Albert", ALBERT),
    sentence_piece("RemBert", ALBERT),
    sentence_piece("FNet", FNET),
    sentence_piece("BigBird", BIG_BIRD),
    sentence_piece("XLNet", FUNNEL),
    sentence_piece("Cpm", FUNNEL),
    sentence_piece("T5", T5),
    sentence_piece("MT5", T5),
    sentence_piece("Llama", LLAMA),
    sentence_piece("Gemma", &[]),
    slow("ErnieM"),
    slow("BertGeneration"),
    slow("MLuke"),
    convertible("Herbert"),
    slow("Bertweet"),
    slow("Phobert"),
    slow("BertJapanese"),
    slow("Esm"),
    slow("BioGpt"),
    slow("XLM"),
    slow("Flaubert"),
    slow("Luke"),
    slow("Canine"),
    slow("CTRL"),
    convertible("OpenAIGPT"),
    slow("RoCBert"),
    slow("Tapas"),
    slow("ProphetNet"),
];

/// The class of each `model_type` for which a configuration names none.
const OF_MODEL_TYPE: &[(&str, &str)] = &[
    ("albert", "Albert"),
    ("bart", "Bart"),
    ("barthez", "Barthez"),
    ("bert", "Bert"),
    ("bert-generation", "BertGeneration"),
    ("big_bird", "BigBird"),
    ("biogpt", "BioGpt"),
    ("bridgetower", "Roberta"),
    ("bros", "Bert"),
    ("camembert", "Camembert"),
    ("canine", "Canine"),
    ("convbert", "ConvBert"),
    ("ctrl", "CTRL"),
    ("data2vec-text", "Roberta"),
    ("deberta", "Deberta"),
    ("deberta-v2", "DebertaV2"),
    ("distilbert", "DistilBert"),
    ("dpr", "DPRQuestionEncoder"),
    ("electra", "Electra"),
    ("ernie", "Bert"),
    ("ernie_m", "ErnieM"),
    ("esm", "Esm"),
    ("flaubert", "Flaubert"),
    ("fnet", "FNet"),
    ("funnel", "Funnel"),
    ("gemma", "Gemma"),
    ("gpt2", "GPT2"),
    ("gpt_bigcode", "GPT2"),
    ("gpt_neo", "GPT2"),
    ("gpt_neox", "GPTNeoX"),
    ("herbert", "Herbert"),
    ("ibert", "Roberta"),
    ("layoutlm", "LayoutLM"),
    ("layoutlmv2", "LayoutLMv2"),
    ("layoutlmv3", "LayoutLMv3"),
    ("layoutxlm", "LayoutXLM"),
    ("led", "LED"),
    ("lilt", "LayoutLMv3"),
    ("llama", "Llama"),
    ("longformer", "Longformer"),
    ("luke", "Luke"),
    ("lxmert", "Lxmert"),
    ("markuplm", "MarkupLM"),
    ("mbart", "MBart"),
    ("mega", "Roberta"),
    ("megatron-bert", "Bert"),
    ("mistral", "Llama"),
    ("mluke", "MLuke"),
    ("mobilebert", "MobileBert"),
    ("mpnet", "MPNet"),
    ("mra", "Roberta"),
    ("mt5", "MT5"),
    ("mvp", "Mvp"),
    ("nezha", "Bert"),
    ("nystromformer", "Albert"),
    ("openai-gpt", "OpenAIGPT"),
    ("opt", "GPT2"),
    ("phi", "CodeGen"),
    ("prophetnet", "ProphetNet"),
    ("qdqbert", "Bert"),
    ("qwen2", "Qwen2"),
    ("qwen3", "Qwen2"),
    ("rembert", "RemBert"),
    ("roberta", "Roberta"),
    ("roberta-prelayernorm", "Roberta"),
    ("roc_bert", "RoCBert"),
    ("roformer", "RoFormer"),
    ("splinter", "Splinter"),
    ("squeezebert", "SqueezeBert"),
    ("t5", "T5"),
    ("tapas", "Tapas"),
    ("umt5", "T5"),
    ("visual_bert", "Bert"),
    ("xlm", "XLM"),
    ("xlm-roberta", "XLMRoberta"),
    ("xlm-roberta-xl", "XLMRoberta"),
    ("xlnet", "XLNet"),
    ("xmod", "XLMRoberta"),
    ("yoso", "Albert"),
];

impl TokenizerClass {
    /// The class that transformers would take: named in `tokenizer_config.json`, else in `config.json`, else that of the
    /// model's type.
    pub(super) fn of(tokenizer_config: &Json, config: &Json) -> TokenizerClass {
        let named = [&tokenizer_config["tokenizer_class"], &config["tokenizer_class"]];
        let named = named.into_iter().find_map(Json::as_str).map(|class| {
            let class = class.strip_suffix("Fast").unwrap_or(class);
            class.strip_suffix("Tokenizer").unwrap_or(class)
        });
        let of_type = || {
            let model_type = config["model_type"].as_str()?;
            OF_MODEL_TYPE.iter().find(|(other, _)| *other == model_type).map(|(_, class)| *class)
        };
        let name = named.or_else(of_type).unwrap_or_default();
        CLASSES.iter().find(|class| class.name == name).copied().unwrap_or(GENERIC)
    }

    /// A special token of the class, such as `unk_token`, that no file names.
    pub(super) fn special(&self, name: &str) -> Option<&'static str> {
        self.special.iter().find(|(other, _)| *other == name).map(|(_, token)| *token)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_configuration_names_the_class_or_the_models_type_does() {
        let class = |tokenizer: Json, config: Json| TokenizerClass::of(&tokenizer, &config).name;
        assert_eq!(class(json!({"tokenizer_class": "RobertaTokenizerFast"}), json!({"model_type": "bert"})), "Roberta");
        assert_eq!(class(json!({}), json!({"model_type": "bert", "tokenizer_class": "BertTokenizer"})), "Bert");
        assert_eq!(class(json!({}), json!({"model_type": "deberta-v2"})), "DebertaV2");
        assert_eq!(class(json!({"tokenizer_class": "PreTrainedTokenizerFast"}), json!({"model_type": "bert"})), "");
        assert_eq!(class(json!({}), json!({})), "");
    }

    #[test]
    fn every_models_type_has_a_class_that_is_known_and_no_class_stands_twice() {
        for (model_type, class) in OF_MODEL_TYPE {
            assert!(CLASSES.iter().any(|known| known.name == *class), "{model_type}: {class}");
        }
        for (i, class) in CLASSES.iter().enumerate() {
            assert!(CLASSES[..i].iter().all(|other| other.name != class.name), "{}", class.name);
        }
    }
}
