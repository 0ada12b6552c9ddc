"""Small tokenizers of the kinds that transformers' families have, learned from texts.py."""

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast
import transformers

from texts import ODD, PLAIN

TEXTS = PLAIN + ODD[:4]


def template(first, last, ids):
    single = f"{first} $A {last}" if first else f"$A {last}"
    pair = f"{first} $A {last} $B {last}" if first else f"$A {last} $B {last}"
    return processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(piece, ids(piece)) for piece in (first, last) if piece]
    )


def word_piece(lowercase, special=("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), first="[CLS]", last="[SEP]"):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=260, special_tokens=list(special), show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = template(first, last, tokenizer.token_to_id)
    return tokenizer


def byte_level(special, first, last, add_prefix_space=False, size=310):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.decoder = decoders.ByteLevel()
    if first == "<s>":
        ids = [(piece, tokenizer.token_to_id(piece)) for piece in (last, first)]
        tokenizer.post_processor = processors.RobertaProcessing(*ids, add_prefix_space=add_prefix_space)
    elif first:
        tokenizer.post_processor = template(first, last, tokenizer.token_to_id)
    else:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def unigram(special, unknown, first, last):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=list(special), unk_token=unknown, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = template(first, last, tokenizer.token_to_id)
    return tokenizer


def character_bpe():
    """Lower-cased words that end in </w>, as XLM's and GPT's."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["<s>", "</s>", "<pad>", "<unk>", "<special0>", "<special1>"]
    trainer = trainers.BpeTrainer(
        vocab_size=260, special_tokens=special, end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.decoder = decoders.BPEDecoder()
    tokenizer.post_processor = template("<s>", "</s>", tokenizer.token_to_id)
    return tokenizer


BERT = dict(unk_token="[UNK]", sep_token="[SEP]", pad_token="[PAD]", cls_token="[CLS]", mask_token="[MASK]")
ROBERTA = dict(
    bos_token="<s>", eos_token="</s>", sep_token="</s>", cls_token="<s>", unk_token="<unk>", pad_token="<pad>",
    mask_token="<mask>",
)
ROBERTA_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def wrap(kind, model_max_length):
    """The tokenizer of a kind as transformers' class for it."""

    def fast(name, tokenizer, **settings):
        cls = getattr(transformers, name)
        return cls(tokenizer_object=tokenizer, model_max_length=model_max_length, **settings)

    if kind == "wordpiece":
        return fast("BertTokenizerFast", word_piece(True), do_lower_case=True, **BERT)
    if kind == "wordpiece cased":
        return fast("BertTokenizerFast", word_piece(False), do_lower_case=False, **BERT)
    if kind in ("distilbert", "electra", "convbert", "mobilebert", "squeezebert", "layoutlm"):
        name = dict(
            distilbert="DistilBert", electra="Electra", convbert="ConvBert", mobilebert="MobileBert",
            squeezebert="SqueezeBert", layoutlm="LayoutLM",
        )[kind]
        return fast(f"{name}TokenizerFast", word_piece(True), do_lower_case=True, **BERT)
    if kind == "funnel":
        special = ("<pad>", "<unk>", "<cls>", "<sep>", "<mask>", "<s>", "</s>", "[UNK]")
        tokenizer = word_piece(True, special, "<cls>", "<sep>")
        settings = dict(cls_token="<cls>", sep_token="<sep>", pad_token="<pad>", mask_token="<mask>", unk_token="[UNK]")
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=model_max_length, **settings)
    if kind == "mpnet":
        tokenizer = word_piece(True, ("<s>", "<pad>", "</s>", "[UNK]", "<mask>"), "<s>", "</s>")
        settings = {**ROBERTA, "unk_token": "[UNK]"}
        return fast("MPNetTokenizerFast", tokenizer, do_lower_case=True, **settings)
    if kind == "roberta":
        return fast("RobertaTokenizerFast", byte_level(ROBERTA_SPECIAL, "<s>", "</s>"), **ROBERTA)
    if kind == "roberta prefix":
        tokenizer = byte_level(ROBERTA_SPECIAL, "<s>", "</s>", add_prefix_space=True)
        return fast("RobertaTokenizerFast", tokenizer, add_prefix_space=True, **ROBERTA)
    if kind == "longformer":
        return fast("LongformerTokenizerFast", byte_level(ROBERTA_SPECIAL, "<s>", "</s>"), **ROBERTA)
    if kind == "deberta":
        special = ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")
        return fast("DebertaTokenizerFast", byte_level(special, "[CLS]", "[SEP]"), **BERT)
    if kind == "modernbert":
        special = ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")
        return fast("PreTrainedTokenizerFast", byte_level(special, "[CLS]", "[SEP]"), **BERT)
    if kind == "gpt":
        tokenizer = byte_level(("<|endoftext|>", "<pad>"), None, None)
        settings = dict(unk_token="<|endoftext|>", bos_token="<|endoftext|>", eos_token="<|endoftext|>", pad_token="<pad>")
        return fast("PreTrainedTokenizerFast", tokenizer, **settings)
    if kind == "gpt2":
        tokenizer = byte_level(("<|endoftext|>", "<pad>"), None, None)
        settings = dict(unk_token="<|endoftext|>", bos_token="<|endoftext|>", eos_token="<|endoftext|>", pad_token="<pad>")
        return fast("GPT2TokenizerFast", tokenizer, **settings)
    if kind == "xlm-roberta":
        tokenizer = unigram(ROBERTA_SPECIAL, "<unk>", "<s>", "</s>")
        return fast("XLMRobertaTokenizerFast", tokenizer, **ROBERTA)
    if kind == "camembert":
        tokenizer = unigram(ROBERTA_SPECIAL, "<unk>", "<s>", "</s>")
        return fast("CamembertTokenizerFast", tokenizer, **ROBERTA)
    if kind == "albert":
        special = ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")
        settings = dict(unk_token="<unk>", sep_token="[SEP]", pad_token="<pad>", cls_token="[CLS]", mask_token="[MASK]")
        return fast("AlbertTokenizerFast", unigram(special, "<unk>", "[CLS]", "[SEP]"), **settings)
    if kind == "rembert":
        special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        return fast("RemBertTokenizerFast", unigram(special, "[UNK]", "[CLS]", "[SEP]"), **BERT)
    if kind == "deberta-v2":
        special = ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")
        return fast("DebertaV2TokenizerFast", unigram(special, "[UNK]", "[CLS]", "[SEP]"), **BERT)
    if kind == "bigbird":
        special = ("<pad>", "</s>", "<s>", "[SEP]", "[MASK]", "[CLS]", "<unk>")
        settings = dict(
            unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>", sep_token="[SEP]",
            mask_token="[MASK]", cls_token="[CLS]",
        )
        return fast("BigBirdTokenizerFast", unigram(special, "<unk>", "[CLS]", "[SEP]"), **settings)
    if kind == "xlnet":
        special = ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>")
        settings = dict(
            bos_token="<s>", eos_token="</s>", unk_token="<unk>", sep_token="<sep>", pad_token="<pad>",
            cls_token="<cls>", mask_token="<mask>",
        )
        tokenizer = unigram(special, "<unk>", None, "<sep>")
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A:0 <sep>:0 <cls>:2", pair="$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2",
            special_tokens=[(piece, tokenizer.token_to_id(piece)) for piece in ("<sep>", "<cls>")],
        )
        return fast("XLNetTokenizerFast", tokenizer, **settings)
    if kind == "t5":
        settings = dict(eos_token="</s>", unk_token="<unk>", pad_token="<pad>", extra_ids=0)
        tokenizer = unigram(("<pad>", "</s>", "<unk>"), "<unk>", None, "</s>")
        return fast("T5TokenizerFast", tokenizer, **settings)
    if kind == "xlm":
        settings = dict(unk_token="<unk>", bos_token="<s>", sep_token="</s>", pad_token="<pad>", cls_token="</s>")
        return fast("PreTrainedTokenizerFast", character_bpe(), **settings)
    raise ValueError(kind)
