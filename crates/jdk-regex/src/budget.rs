//! Steps, counted.

/// How many steps searches may still take. A step is one instruction of a program, or one character that a repetition
/// reads.
///
/// One budget serves all searches in a text, by as many patterns as there are.
#[derive(Debug)]
pub struct Budget(u64);

/// The budget is spent.
#[derive(Debug)]
pub(crate) struct Spent;

impl Budget {
    /// Steps for every text, so that short ones may be difficult.
    const BASE: u64 = 2_000_000;
    /// Steps for every byte of the text: ordinary patterns take 1 to 30.
    const PER_BYTE: u64 = 300;

    /// A budget for a text of `bytes` bytes and patterns of `instructions`
    /// [instructions](crate::Pattern::instructions) together: time is linear in their product.
    pub fn new(bytes: usize, instructions: usize) -> Self {
        let per_byte = Self::PER_BYTE.saturating_add(instructions as u64);
        Budget(Self::BASE.saturating_add(per_byte.saturating_mul(bytes as u64)))
    }

    /// A budget of exactly `steps`.
    pub fn of_steps(steps: u64) -> Self {
        Budget(steps)
    }

    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        self.0 = self.0.checked_sub(steps as u64).ok_or(Spent)?;
        Ok(())
    }
}
