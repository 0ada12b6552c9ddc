//! External data: tensors whose values are in files beside the ONNX file.

use std::io::Read;

use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{GraphProto, TensorProto};

use super::fields::LARGE_TENSOR;
use super::uses::{self, Use};
use super::weights::{Head, Weights};
use super::wire::{Fault, Wire};
use crate::Error;

/// Whether a tensor's values are in another file.
pub(super) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(DataLocation::External as i32) || !tensor.external_data.is_empty()
}

/// Why a model without its external data cannot be used, and what to do.
pub(in crate::engine) fn unread(location: &str) -> String {
    format!(
        "weights are beside the ONNX file, in {location} (external data), which cannot be read here; save the model as a \
         single ONNX file, in Python: onnx.save(onnx.load(\"model.onnx\"), \"single.onnx\")"
    )
}

/// Where a tensor's values are.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    tensor: usize,
    location: String,
    offset: u64,
    length: u64,
}

/// The tensors of a graph that wait for their files.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct External {
    places: Vec<Place>,
}

impl External {
    /// Finds them. The error is a reason.
    pub(super) fn of(graph: &GraphProto) -> Result<Self, String> {
        let tensors = graph.initializer.iter().enumerate().filter(|(_, tensor)| is_external(tensor));
        let mut places = tensors.map(|(i, tensor)| place(i, tensor)).collect::<Result<Vec<_>, _>>()?;
        places.sort_by_key(|place| place.offset);
        Ok(External { places })
    }

    /// The files that are still to be read, each once.
    pub(super) fn locations(&self) -> Vec<&str> {
        let mut locations: Vec<&str> = self.places.iter().map(|place| place.location.as_str()).collect();
        locations.sort_unstable();
        locations.dedup();
        locations
    }

    /// Number of bytes that the files hold for the graph, as far as it says.
    pub(super) fn bytes(&self) -> u64 {
        self.places.iter().fold(0, |sum, place| sum.saturating_add(place.length))
    }

    /// The order in which the values at a location can be read in one pass; those that overlap others are left for the next.
    fn pass(&self, location: &str) -> Vec<usize> {
        let mut at = 0;
        let mut pass = Vec::new();
        for (i, place) in self.places.iter().enumerate().filter(|(_, place)| place.location == location) {
            if place.offset >= at {
                at = place.offset.saturating_add(place.length);
                pass.push(i);
            }
        }
        pass
    }

    /// Whether another pass over the file is needed.
    pub(super) fn waits_for(&self, location: &str) -> bool {
        self.places.iter().any(|place| place.location == location)
    }

    /// Reads a file of `length` bytes from its begin to the last value that can be read in one pass. Weights become int8 if
    /// `quantise` is set.
    pub(super) fn read(
        &mut self,
        graph: &mut GraphProto,
        weights: &mut Weights,
        location: &str,
        (bytes, length): (&mut dyn Read, u64),
        quantise: bool,
        file: &str,
    ) -> Result<(), Error> {
        let uses = if quantise { uses::of_weights(graph) } else { Default::default() };
        let mut wire = Wire::new(bytes, length);
        for i in self.pass(location) {
            let place = &self.places[i];
            let tensor = &graph.initializer[place.tensor];
            let head = Head::of(tensor);
            let used = uses.get(&tensor.name).copied();
            let table = head.matrix(place.length).filter(|_| used == Some(Use::Table) && place.length >= LARGE_TENSOR);
            wire.skip_bytes(place.offset - wire.at()).map_err(|fault| of_fault(fault, file))?;
            let kept = match table {
                Some(size) => weights.read_table(&head, size, &mut wire).map_err(|fault| of_fault(fault, file))?,
                None => {
                    let (name, dims, data_type) = (tensor.name.clone(), tensor.dims.clone(), tensor.data_type);
                    let mut raw_data = Vec::new();
                    wire.read(place.length, &mut raw_data).map_err(|fault| of_fault(fault, file))?;
                    weights.keep(TensorProto { name, dims, data_type, raw_data, ..Default::default() }, used)
                }
            };
            kept.map_err(|refused| refused.in_file(file))?;
        }
        let done = self.pass(location);
        let mut i = 0;
        self.places.retain(|_| {
            i += 1;
            !done.contains(&(i - 1))
        });
        if self.places.is_empty() {
            graph.initializer.retain(|tensor| !is_external(tensor));
        }
        Ok(())
    }
}

fn of_fault(fault: Fault, file: &str) -> Error {
    match fault {
        Fault::Stream(error) => Error::of_stream(file, &error),
        Fault::Memory(bytes) => Error::no_memory(file, bytes),
        Fault::Malformed(_) => Error::FileUnreadable {
            file: file.to_string(),
            reason: "it ends before the last of the model's weights; download it again".into(),
        },
    }
}

fn place(tensor: usize, proto: &TensorProto) -> Result<Place, String> {
    let name = &proto.name;
    let entry = |key: &str| proto.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let location = entry("location").filter(|location| is_beside(location));
    let location = location.ok_or_else(|| format!("the values of {name:?} are in no file beside it"))?;
    let size = proto.dims.iter().try_fold(1u64, |size, &dim| size.checked_mul(u64::try_from(dim).ok()?));
    let size = size.and_then(|size| size.checked_mul(width(proto.data_type)?));
    let size = size.ok_or_else(|| format!("the tensor {name:?} has a type or dimensions that no file holds"))?;
    let number = |key: &str, or: u64| entry(key).map_or(Some(or), |value| value.parse().ok());
    match (number("offset", 0), number("length", size)) {
        (Some(offset), Some(length)) if length == size => {
            Ok(Place { tensor, location: location.to_string(), offset, length })
        }
        _ => Err(format!("the values of {name:?} in {location} have not the length of its dimensions")),
    }
}

/// Whether a path leads to a file in the ONNX file's folder or below.
fn is_beside(location: &str) -> bool {
    !location.is_empty()
        && !location.contains(['\\', ':'])
        && location.split('/').all(|part| !part.is_empty() && part != "..")
}

/// Bytes of a value; `None` for types without a fixed size.
fn width(data_type: i32) -> Option<u64> {
    Some(match DataType::try_from(data_type).ok()? {
        DataType::Uint8 | DataType::Int8 | DataType::Bool => 1,
        DataType::Uint16 | DataType::Int16 | DataType::Float16 | DataType::Bfloat16 => 2,
        DataType::Float | DataType::Int32 | DataType::Uint32 => 4,
        DataType::Double | DataType::Int64 | DataType::Uint64 => 8,
        _ => return None,
    })
}
