//! TODO

use std::io::{self, Write};

use super::document::Document;
use super::input::Input;
use super::warnings::Warnings;
use super::writer::{WriteFormat, WriteOptions, WrittenFile};
use super::{ReadOptions, Records};

pub(super) fn read<'r>(_input: Input<'r>) -> Records<'r> {
    todo!()
}
pub(super) fn read_pair<'r>(_text: Input<'r>, _annotations: Input<'r>, _options: &ReadOptions) -> Records<'r> {
    todo!()
}
pub(super) fn files(_document: &Document, _warnings: &mut Warnings) -> Vec<WrittenFile> {
    todo!()
}
