//! Changes to inputs. Those that know the format keep what checks would refuse at once: a mutated file is packed into its zip
//! again, and JSON remains JSON, most of the time.

mod bytes;
mod containers;
mod graph;
mod json_value;

pub use bytes::{cross, plain, words};
pub use containers::{bag, zip};
pub use graph::onnx;
pub use json_value::json;
