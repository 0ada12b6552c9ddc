//! Deserialises the part of Java serialisation that Spark uses for collections: objects with plain fields, arrays of
//! objects, strings.
//!
//! It follows the grammar in chapter 6 of the Java Object Serialization Specification. Work and memory are bounded by the
//! input: lengths are checked against the rest of the stream before memory is allocated, a handle refers to the object
//! instead of copying it, and the depth of nesting is limited, also through handles.
//!
//! It is written by hand because these files come from strangers: the released crate for the format, `jaded` 0.5, limits
//! neither depth nor size, so that a crafted stream can overflow the stack or exhaust memory.

use std::rc::Rc;

use crate::Error;

/// Maximum depth of nesting; the files that Spark saves have three levels.
const DEEPEST: usize = 32;
/// The most fields of an object, those of superclasses included; the pairs that Spark saves have two. Fields are looked up
/// one after another, each time that an object is referred to.
const MOST_FIELDS: usize = 64;
/// The first handle that a stream assigns.
const FIRST_HANDLE: u32 = 0x7E_0000;

/// A deserialised value.
#[derive(Clone)]
pub(super) enum Value {
    Null,
    /// `int`, and the narrower integers.
    Int(i32),
    /// A primitive of another type, whose value is skipped.
    Other,
    String(Rc<str>),
    Array(Rc<Array>),
    Object(Rc<Object>),
}

impl Value {
    fn height(&self) -> usize {
        match self {
            Value::Array(array) => array.height,
            Value::Object(object) => object.height,
            _ => 0,
        }
    }
}

/// An array of objects.
pub(super) struct Array {
    pub(super) elements: Vec<Value>,
    height: usize,
}

/// An object: its class, and its fields from the topmost superclass down.
pub(super) struct Object {
    pub(super) class: Rc<str>,
    fields: Vec<(Rc<str>, Value)>,
    height: usize,
}

impl Object {
    /// A field's value.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }
}

/// Reads the first object of a stream. `file` is its name in errors.
pub(super) fn read(bytes: &[u8], file: &str) -> Result<Value, Error> {
    let mut stream = Stream { rest: bytes, handles: Vec::new() };
    let value = match stream.take(4) {
        Ok([0xAC, 0xED, 0, 5]) => stream.value(0),
        _ => Err("it is not a Java serialisation stream".to_string()),
    };
    value.map_err(|reason| Error::ArchiveInvalid { file: file.to_string(), reason })
}

/// The referent of a handle.
#[derive(Clone)]
enum Handle {
    Value(Value),
    Class(Rc<Class>),
    /// An object whose fields are still being read.
    Open,
}

struct Class {
    name: Rc<str>,
    fields: Vec<(u8, Rc<str>)>,
    parent: Option<Rc<Class>>,
    /// Classes in the chain of parents, this one included.
    height: usize,
}

struct Stream<'b> {
    rest: &'b [u8],
    handles: Vec<Handle>,
}

impl<'b> Stream<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("an object is cut off")?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn short(&mut self) -> Result<usize, String> {
        let bytes = self.take(2)?;
        Ok(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    }

    fn int(&mut self) -> Result<i32, String> {
        let bytes = self.take(4)?;
        Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn text(&mut self) -> Result<Rc<str>, String> {
        let length = self.short()?;
        modified_utf8(self.take(length)?)
    }

    fn assign(&mut self, handle: Handle) -> usize {
        self.handles.push(handle);
        self.handles.len() - 1
    }

    fn referenced(&mut self) -> Result<Handle, String> {
        let handle = (self.int()? as u32).checked_sub(FIRST_HANDLE).and_then(|at| self.handles.get(at as usize));
        handle.cloned().ok_or_else(|| "a reference has an unassigned handle".into())
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(format!("objects are nested more than {DEEPEST} deep"));
        }
        match self.byte()? {
            0x70 => Ok(Value::Null),
            0x71 => match self.referenced()? {
                Handle::Value(value) => Ok(value),
                Handle::Class(_) => Err("a reference to a class is in place of an object".into()),
                Handle::Open => Err("an object contains itself".into()),
            },
            0x74 => {
                let value = Value::String(self.text()?);
                self.assign(Handle::Value(value.clone()));
                Ok(value)
            }
            0x73 => self.object(depth),
            0x75 => self.array(depth),
            tag => Err(format!("it holds an item of type 0x{tag:02X}, which no saved model has")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let class = self.class(depth)?.ok_or("an object has no class")?;
        let handle = self.assign(Handle::Open);
        let mut chain = vec![class.clone()];
        while let Some(parent) = chain[chain.len() - 1].parent.clone() {
            chain.push(parent);
        }
        let mut fields = Vec::new();
        for class in chain.iter().rev() {
            for (kind, name) in &class.fields {
                if fields.len() == MOST_FIELDS {
                    return Err(format!("an object has more than {MOST_FIELDS} fields"));
                }
                fields.push((name.clone(), self.field(*kind, depth)?));
            }
        }
        let height = height(fields.iter().map(|(_, value)| value))?;
        let value = Value::Object(Rc::new(Object { class: class.name.clone(), fields, height }));
        self.handles[handle] = Handle::Value(value.clone());
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        let class = self.class(depth)?.ok_or("an array has no class")?;
        if !class.name.starts_with("[L") {
            return Err(format!("it holds an array {}, not one of objects", class.name));
        }
        let handle = self.assign(Handle::Open);
        // Every element takes at least one byte.
        let size = usize::try_from(self.int()?).ok().filter(|&size| size <= self.rest.len());
        let size = size.ok_or("an array is longer than the stream")?;
        let mut elements = Vec::with_capacity(size.min(1024));
        for _ in 0..size {
            elements.push(self.value(depth + 1)?);
        }
        let height = height(elements.iter())?;
        let value = Value::Array(Rc::new(Array { elements, height }));
        self.handles[handle] = Handle::Value(value.clone());
        Ok(value)
    }

    fn field(&mut self, kind: u8, depth: usize) -> Result<Value, String> {
        match kind {
            b'L' | b'[' => self.value(depth + 1),
            b'I' => self.int().map(Value::Int),
            b'S' => self.short().map(|value| Value::Int((value as u16 as i16).into())),
            b'B' => self.byte().map(|value| Value::Int((value as i8).into())),
            b'C' => self.take(2).map(|_| Value::Other),
            b'Z' => self.take(1).map(|_| Value::Other),
            b'F' => self.take(4).map(|_| Value::Other),
            b'D' | b'J' => self.take(8).map(|_| Value::Other),
            _ => Err(format!("a field has the unknown type 0x{kind:02X}")),
        }
    }

    fn class(&mut self, depth: usize) -> Result<Option<Rc<Class>>, String> {
        if depth > DEEPEST {
            return Err(format!("classes are nested more than {DEEPEST} deep"));
        }
        match self.byte()? {
            0x70 => return Ok(None),
            0x71 => {
                return match self.referenced()? {
                    Handle::Class(class) => Ok(Some(class)),
                    _ => Err("a reference to an object is in place of a class".into()),
                }
            }
            0x72 => (),
            tag => return Err(format!("it holds a class of type 0x{tag:02X}, which no saved model has")),
        }
        let name = self.text()?;
        self.take(8)?;
        let handle = self.assign(Handle::Open);
        // Only SC_SERIALIZABLE: data written by a `writeObject` method are opaque without the class.
        if self.byte()? != 0x02 {
            return Err(format!("it holds an object {name}, which has a custom serialised form"));
        }
        let mut fields = Vec::new();
        for _ in 0..self.short()? {
            let kind = self.byte()?;
            let field = self.text()?;
            if matches!(kind, b'L' | b'[') {
                match self.value(depth + 1)? {
                    Value::String(_) => (),
                    _ => return Err(format!("the type of {name}.{field} is not a string")),
                }
            }
            fields.push((kind, field));
        }
        if self.byte()? != 0x78 {
            return Err(format!("the class {name} carries annotations"));
        }
        let parent = self.class(depth + 1)?;
        let height = 1 + parent.as_ref().map_or(0, |parent| parent.height);
        if height > DEEPEST {
            return Err(format!("classes are nested more than {DEEPEST} deep"));
        }
        let class = Rc::new(Class { name, fields, parent, height });
        self.handles[handle] = Handle::Class(class.clone());
        Ok(Some(class))
    }
}

/// Height of a value that holds these. Through handles, a chain of objects can be much deeper than the nesting in the
/// stream, and dropping it would overflow the stack.
fn height<'v>(held: impl Iterator<Item = &'v Value>) -> Result<usize, String> {
    let height = 1 + held.map(Value::height).max().unwrap_or(0);
    if height > DEEPEST {
        return Err(format!("objects are nested more than {DEEPEST} deep"));
    }
    Ok(height)
}

/// Decodes Java's modified UTF-8: NUL takes two bytes, and a character beyond the basic plane is a pair of surrogates of
/// three bytes each.
fn modified_utf8(bytes: &[u8]) -> Result<Rc<str>, String> {
    if bytes.is_ascii() {
        return Ok(String::from_utf8_lossy(bytes).into());
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().map(|&byte| u16::from(byte));
    let mut next = || rest.next();
    while let Some(first) = next() {
        let unit = match first {
            0..=0x7F => Some(first),
            0xC0..=0xDF => next().map(|second| (first & 0x1F) << 6 | second & 0x3F),
            0xE0..=0xEF => match (next(), next()) {
                (Some(second), Some(third)) => Some((first & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F),
                _ => None,
            },
            _ => None,
        };
        units.push(unit.ok_or("a string is not UTF-8")?);
    }
    String::from_utf16(&units).map(Into::into).map_err(|_| "a string is not UTF-8".into())
}
