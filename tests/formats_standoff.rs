//! PubTator, brat, PubAnnotation and CoNLL-2003: what is read, what is written, and that the one is the other's inverse.

#[path = "formats_standoff/brat.rs"]
mod brat;
#[path = "formats_standoff/conll.rs"]
mod conll;
#[path = "formats_standoff/pubannotation.rs"]
mod pubannotation;
#[path = "formats_standoff/pubtator.rs"]
mod pubtator;
#[path = "formats_standoff/texts.rs"]
mod texts;
