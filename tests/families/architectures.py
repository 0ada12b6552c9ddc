"""A small configuration of every family: transformers' class, its tokenizer's kind, and the settings."""

LABELS = ["O", "B-GENE", "I-GENE", "B-DRUG", "I-DRUG"]
POSITIONS = 96  # Word pieces of a window.

SIZES = dict(
    hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=36, max_position_embeddings=POSITIONS,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
)
# Position tables that begin behind the padding id have two rows more.
BEHIND_PADDING = dict(max_position_embeddings=POSITIONS + 2, pad_token_id=1, bos_token_id=0, eos_token_id=2, type_vocab_size=1)
DECODER = dict(num_key_value_heads=2, head_dim=8, pad_token_id=1, bos_token_id=0, eos_token_id=0)

# Family: (prefix of transformers' classes, kind of tokenizer, settings).
FAMILIES = {
    "albert": ("Albert", "albert", dict(embedding_size=16, num_hidden_groups=1, inner_group_num=1, bos_token_id=2, eos_token_id=3)),
    "bert": ("Bert", "wordpiece cased", {}),
    "bigbird": ("BigBird", "bigbird", dict(attention_type="original_full", bos_token_id=2, eos_token_id=1, sep_token_id=3)),
    "bloom": ("Bloom", "gpt", dict(n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0, pad_token_id=1)),
    "camembert": ("Camembert", "camembert", BEHIND_PADDING),
    "convbert": ("ConvBert", "convbert", dict(embedding_size=32, conv_kernel_size=3, head_ratio=2, num_groups=1)),
    "data2vec-text": ("Data2VecText", "roberta", BEHIND_PADDING),
    "deberta": ("Deberta", "deberta", dict(
        relative_attention=True, max_relative_positions=-1, pos_att_type=["c2p", "p2c"], type_vocab_size=0,
        position_biased_input=False)),
    "deberta-absolute": ("Deberta", "deberta", dict(
        relative_attention=False, pos_att_type=None, type_vocab_size=2, position_biased_input=True)),
    "deberta-v2": ("DebertaV2", "deberta-v2", dict(
        relative_attention=True, max_relative_positions=-1, pos_att_type=["c2p", "p2c"], type_vocab_size=0,
        position_biased_input=False)),
    "deberta-v2-conv": ("DebertaV2", "deberta-v2", dict(
        relative_attention=True, max_relative_positions=-1, position_buckets=8, norm_rel_ebd="layer_norm",
        share_att_key=True, pos_att_type=["p2c", "c2p"], type_vocab_size=0, position_biased_input=False,
        conv_kernel_size=3, conv_act="gelu")),
    "deberta-v3": ("DebertaV2", "deberta-v2", dict(
        relative_attention=True, max_relative_positions=-1, position_buckets=8, norm_rel_ebd="layer_norm",
        share_att_key=True, pos_att_type=["p2c", "c2p"], type_vocab_size=0, position_biased_input=False)),
    "distilbert": ("DistilBert", "distilbert", dict(dim=32, hidden_dim=48, n_layers=2, n_heads=4)),
    "electra": ("Electra", "electra", dict(embedding_size=16)),
    "ernie": ("Ernie", "wordpiece", dict(use_task_id=False)),
    "esm": ("Esm", "wordpiece cased", dict(
        position_embedding_type="rotary", mask_token_id=4, pad_token_id=0, token_dropout=False, emb_layer_norm_before=True)),
    "falcon": ("Falcon", "gpt", dict(alibi=False, new_decoder_architecture=False, multi_query=True, bias=False, bos_token_id=0, eos_token_id=0)),
    "fnet": ("FNet", "albert", dict(bos_token_id=2, eos_token_id=3, tpu_short_seq_length=POSITIONS)),
    "funnel": ("Funnel", "funnel", dict(
        num_hidden_layers=None, block_sizes=[1, 1], d_model=32, n_head=4, d_head=8, d_inner=48, num_decoder_layers=1)),
    "gpt2": ("GPT2", "gpt2", dict(n_layer=2, n_head=4, n_embd=32, n_positions=POSITIONS, bos_token_id=0, eos_token_id=0)),
    "gpt-neox": ("GPTNeoX", "gpt", dict(bos_token_id=0, eos_token_id=0)),
    "ibert": ("IBert", "roberta", dict(**BEHIND_PADDING, quant_mode=False)),
    "layoutlm": ("LayoutLM", "layoutlm", dict(max_2d_position_embeddings=32)),
    "llama": ("Llama", "gpt", DECODER),
    "longformer": ("Longformer", "longformer", dict(**BEHIND_PADDING, attention_window=[8, 8])),
    "megatron-bert": ("MegatronBert", "wordpiece", {}),
    "mistral": ("Mistral", "gpt", DECODER),
    "mobilebert": ("MobileBert", "mobilebert", dict(
        embedding_size=16, intra_bottleneck_size=16, true_hidden_size=16, num_feedforward_networks=2)),
    "modernbert": ("ModernBert", "modernbert", dict(
        pad_token_id=0, cls_token_id=1, bos_token_id=1, sep_token_id=2, eos_token_id=2, global_attn_every_n_layers=2,
        local_attention=8, max_position_embeddings=1024, embedding_dropout=0.0, mlp_dropout=0.0)),
    "mpnet": ("MPNet", "mpnet", BEHIND_PADDING),
    "nystromformer": ("Nystromformer", "wordpiece", dict(num_landmarks=POSITIONS, segment_means_seq_len=POSITIONS, conv_kernel_size=3)),
    "qwen2": ("Qwen2", "gpt", DECODER),
    "qwen3": ("Qwen3", "gpt", DECODER),
    "rembert": ("RemBert", "rembert", dict(input_embedding_size=16, output_embedding_size=16, bos_token_id=2, eos_token_id=3)),
    "roberta": ("Roberta", "roberta", BEHIND_PADDING),
    "roberta-prelayernorm": ("RobertaPreLayerNorm", "roberta", BEHIND_PADDING),
    "roformer": ("RoFormer", "wordpiece", dict(embedding_size=32)),
    "squeezebert": ("SqueezeBert", "squeezebert", dict(
        embedding_size=32, q_groups=2, k_groups=2, v_groups=2, post_attention_groups=1, intermediate_groups=2, output_groups=2)),
    "t5": ("T5", "t5", dict(
        d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, relative_attention_num_buckets=8, dropout_rate=0.0)),
    "xlm": ("XLM", "xlm", dict(emb_dim=32, n_layers=2, n_heads=4, dropout=0.0, attention_dropout=0.0, n_langs=1,
        bos_index=0, eos_index=1, pad_index=2, unk_index=3, mask_index=5, pad_token_id=2)),
    "xlm-roberta": ("XLMRoberta", "xlm-roberta", BEHIND_PADDING),
    "xlm-roberta-xl": ("XLMRobertaXL", "xlm-roberta", BEHIND_PADDING),
    "xlnet": ("XLNet", "xlnet", dict(
        max_position_embeddings=None, d_model=32, n_layer=2, n_head=4, d_inner=48, pad_token_id=5)),
    "xmod": ("Xmod", "xlm-roberta", dict(**BEHIND_PADDING, languages=["en_XX"], default_language="en_XX", adapter_reduction_factor=2)),
}
