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
