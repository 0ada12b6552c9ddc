//! TODO

use std::io::{self, Write};

use super::document::Document;
use super::input::Input;
use super::warnings::Warnings;
use super::writer::{WriteFormat, WriteOptions, WrittenFile};
use super::{ReadOptions, Records};

pub(super) fn read<'r>(_input: Input<'r>, _options: &ReadOptions) -> Records<'r> {
    todo!()
}
pub(super) struct Writer;
impl Writer { pub(super) fn new(_options: &WriteOptions) -> Self { Writer } }
impl WriteFormat for Writer {
    fn document(&mut self, _out: &mut dyn Write, _document: &Document, _warnings: &mut Warnings) -> io::Result<()> {
        todo!()
    }
}
