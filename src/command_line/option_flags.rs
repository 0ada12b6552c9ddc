//! Command-line flags generated from the library's options: [`crate::schema`] has their names, types, values and help.

use std::marker::PhantomData;

use crate::options::schema_value;
use crate::Error;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{Map, Value};

/// Flags of the options of loading a model.
pub(crate) type LoadFlags = OptionFlags<Load>;
/// Flags of the options of annotating a text.
pub(crate) type AnnotateFlags = OptionFlags<Annotate>;
/// The flag `--mode` alone.
pub(crate) type ModeFlag = OptionFlags<Mode>;

/// Which options get flags.
pub(crate) trait Group {
    fn options() -> Vec<OptionFlag>;
}

pub(crate) struct Load;
pub(crate) struct Annotate;
pub(crate) struct Mode;

impl Group for Load {
    fn options() -> Vec<OptionFlag> {
        let mut flags = all_options();
        flags.retain(|flag| flag.group != "annotate");
        flags
    }
}

impl Group for Annotate {
    fn options() -> Vec<OptionFlag> {
        let mut flags = all_options();
        flags.retain(|flag| flag.group == "annotate");
        flags
    }
}

impl Group for Mode {
    fn options() -> Vec<OptionFlag> {
        let mut flags = Annotate::options();
        flags.retain(|flag| flag.option == "mode");
        flags
    }
}

/// All options with their flags: of loading, of the tokenizer, of annotating, each sorted by name.
pub(crate) fn all_options() -> Vec<OptionFlag> {
    let schema = schema_value();
    let of = |group, properties: &Value| -> Vec<OptionFlag> {
        let properties = properties.as_object().into_iter().flatten();
        properties.map(|(option, schema)| OptionFlag::new(group, option, schema)).collect()
    };
    let load = &schema["load"]["properties"];
    let mut flags = of("load", load);
    flags.retain(|flag| flag.option != "tokenizer");
    flags.extend(of("tokenizer", &load["tokenizer"]["properties"]));
    flags.extend(of("annotate", &schema["annotate"]["properties"]));
    flags
}

/// An option and the flag that sets it.
pub(crate) struct OptionFlag {
    /// `load`, `tokenizer` or `annotate`.
    pub(crate) group: &'static str,
    /// The option's name in Rust, JS and pipeline files.
    pub(crate) option: String,
    /// The flag without `--`.
    pub(crate) flag: String,
    /// Other spellings of the flag.
    aliases: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) description: String,
    pub(crate) default: Option<Value>,
}

/// The type of an option's values.
pub(crate) enum Kind {
    /// A flag without a value that turns the option on.
    Switch,
    Bool,
    /// Minimum, maximum.
    Whole(Option<u64>, Option<u64>),
    Number(Option<f64>, Option<f64>),
    /// Names with their descriptions.
    Choice(Vec<(String, String)>),
    Text,
    /// The flag is repeated, with one element each.
    List,
    /// A list of characters, given as one string.
    Characters,
    /// The flag is repeated, with `OLD=NEW` each.
    Map,
}

impl OptionFlag {
    fn new(group: &'static str, option: &str, schema: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(String::from);
        let default = schema.get("default").cloned();
        let kebab = kebab_case(option);
        let flag = text(&schema["x-flag"]).unwrap_or_else(|| kebab.clone());
        let mut aliases: Vec<String> = text(&schema["x-spark"]).map(|name| kebab_case(&name)).into_iter().collect();
        aliases.push(kebab);
        aliases.retain(|alias| *alias != flag);
        OptionFlag {
            group,
            kind: Kind::of(option, schema, default.as_ref()),
            option: option.to_string(),
            flag,
            aliases,
            description: text(&schema["description"]).unwrap_or_default().replace('\n', " "),
            default: default.filter(|default| !default.is_null()),
        }
    }

    fn arg(&self) -> Arg {
        let heading = match self.group {
            "load" => "Loading the model",
            "tokenizer" => "Tokenizer (any of these replaces the model's own tokenizer options; patterns are Java's)",
            _ => "Annotating",
        };
        let mut help = self.description.clone();
        if let Kind::Choice(values) = &self.kind {
            for (name, description) in values {
                help += &format!("\n- {name}: {description}");
            }
        }
        let arg = Arg::new(self.option.clone())
            .long(self.flag.clone())
            .visible_aliases(self.aliases.clone())
            .help(self.description.clone())
            .long_help(help)
            .help_heading(heading);
        match &self.kind {
            Kind::Switch => arg.action(ArgAction::SetTrue),
            Kind::Bool => arg.value_name("true|false").value_parser(clap::value_parser!(bool)),
            Kind::Whole(..) => arg.value_name("N").value_parser(clap::value_parser!(u64)),
            Kind::Number(..) => arg.value_name("NUMBER").value_parser(clap::value_parser!(f64)),
            Kind::Choice(_) => arg.value_name("NAME"),
            Kind::Text => arg.value_name("PATTERN").allow_hyphen_values(true),
            Kind::List => arg.value_name("VALUE").allow_hyphen_values(true).action(ArgAction::Append),
            Kind::Characters => arg.value_name("CHARACTERS").allow_hyphen_values(true),
            Kind::Map => arg.value_name("OLD=NEW").value_parser(replacement).action(ArgAction::Append),
        }
    }

    /// The value on the command line, in the form of a pipeline file; `None` if the flag is absent.
    fn value(&self, matches: &ArgMatches) -> Result<Option<Value>, Error> {
        let id = self.option.as_str();
        if matches.value_source(id) != Some(clap::parser::ValueSource::CommandLine) {
            return Ok(None);
        }
        let text = || matches.get_one::<String>(id).cloned().unwrap_or_default();
        Ok(Some(match &self.kind {
            Kind::Switch => true.into(),
            Kind::Bool => matches.get_one::<bool>(id).copied().into(),
            Kind::Whole(..) => matches.get_one::<u64>(id).copied().into(),
            Kind::Number(..) => matches.get_one::<f64>(id).copied().into(),
            Kind::Choice(values) => {
                let name = text();
                if !values.iter().any(|(known, _)| *known == name) {
                    let known: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
                    let reason = format!("{name:?} is none of {}", known.join(", "));
                    return Err(Error::OptionInvalid { option: self.option.clone(), reason });
                }
                name.into()
            }
            Kind::Text => text().into(),
            Kind::List => matches.get_many::<String>(id).into_iter().flatten().cloned().collect::<Vec<_>>().into(),
            Kind::Characters => characters(&text()).into(),
            Kind::Map => {
                let pairs = matches.get_many::<(String, String)>(id).into_iter().flatten().cloned();
                Value::Object(pairs.map(|(old, new)| (old, new.into())).collect())
            }
        }))
    }
}

impl Kind {
    fn of(option: &str, schema: &Value, default: Option<&Value>) -> Self {
        let values = schema["oneOf"].as_array().into_iter().flatten();
        let values: Vec<(String, String)> = values
            .filter_map(|value| {
                let description = value["description"].as_str().unwrap_or_default().replace('\n', " ");
                Some((value["const"].as_str()?.to_string(), description))
            })
            .collect();
        match schema["type"].as_str() {
            _ if !values.is_empty() => Kind::Choice(values),
            Some("boolean") if default == Some(&Value::Bool(false)) => Kind::Switch,
            Some("boolean") => Kind::Bool,
            Some("integer") => Kind::Whole(schema["minimum"].as_u64(), schema["maximum"].as_u64()),
            Some("number") => Kind::Number(schema["minimum"].as_f64(), schema["maximum"].as_f64()),
            Some("string") => Kind::Text,
            Some("array") if schema["x-characters"] == true => Kind::Characters,
            Some("array") => Kind::List,
            Some("object") => Kind::Map,
            kind => panic!("option {option} has no flag: its type is {kind:?}"),
        }
    }
}

/// The options of a group that are set on the command line.
pub(crate) struct OptionFlags<G> {
    values: Vec<(OptionFlag, Value)>,
    /// The error of the first invalid one.
    error: Option<Error>,
    group: PhantomData<G>,
}

impl<G> OptionFlags<G> {
    /// `options`, overridden by the flags.
    ///
    /// # Errors
    /// `option_invalid`.
    pub(crate) fn over<T: Serialize + DeserializeOwned>(&self, options: &T) -> Result<T, Error> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let invalid =
            |error: serde_json::Error| Error::OptionInvalid { option: "options".into(), reason: error.to_string() };
        let mut all = serde_json::to_value(options).map_err(invalid)?;
        for (flag, value) in &self.values {
            let group = if flag.group == "tokenizer" { &mut all["tokenizer"] } else { &mut all };
            if group.is_null() {
                *group = Value::Object(Map::new());
            }
            group[&flag.option] = value.clone();
        }
        serde_json::from_value(all).map_err(invalid)
    }
}

impl<G: Group> FromArgMatches for OptionFlags<G> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = OptionFlags { values: Vec::new(), error: None, group: PhantomData };
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for flag in G::options() {
            match flag.value(matches) {
                Ok(Some(value)) => self.values.push((flag, value)),
                Ok(None) => {}
                Err(error) => self.error = self.error.take().or(Some(error)),
            }
        }
        Ok(())
    }
}

impl<G: Group> Args for OptionFlags<G> {
    fn augment_args(command: Command) -> Command {
        command.args(G::options().iter().map(OptionFlag::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn replacement(argument: &str) -> Result<(String, String), String> {
    let (old, new) = argument.split_once('=').ok_or("it is not OLD=NEW")?;
    Ok((old.to_string(), new.to_string()))
}

/// Splits a string into characters; a backslash stays with the character after it.
fn characters(all: &str) -> Vec<String> {
    let mut split: Vec<String> = Vec::new();
    for c in all.chars() {
        match split.last_mut() {
            Some(last) if last == "\\" => last.push(c),
            _ => split.push(c.into()),
        }
    }
    split
}

/// `maxSentenceLength` as `max-sentence-length`; a run of capitals is one word.
fn kebab_case(name: &str) -> String {
    let mut kebab = String::new();
    let mut after_capital = true;
    for c in name.chars() {
        if c.is_uppercase() && !after_capital {
            kebab.push('-');
        }
        after_capital = c.is_uppercase();
        kebab.extend(c.to_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_the_library_has_a_flag_of_its_own() {
        let flags = all_options();
        let mut names: Vec<&str> = flags.iter().map(|flag| flag.flag.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), flags.len());
        let options = serde_json::to_value(crate::Options::default()).expect("JSON");
        let annotate = serde_json::to_value(crate::AnnotateOptions::default()).expect("JSON");
        for (group, fields) in [("load", options), ("annotate", annotate)] {
            for name in fields.as_object().expect("an object").keys().filter(|name| *name != "tokenizer") {
                let found = flags.iter().filter(|flag| flag.group == group && flag.option == *name).count();
                assert_eq!(found, 1, "{name}");
            }
        }
        assert!(flags.iter().all(|flag| flag.description.ends_with('.')));
        assert_eq!(flags.iter().filter(|flag| flag.group == "tokenizer").count(), 11);
    }

    #[test]
    fn names_of_flags() {
        for (name, flag) in [("maxSentenceLength", "max-sentence-length"), ("padAsO", "pad-as-o"), ("mode", "mode")] {
            assert_eq!(kebab_case(name), flag);
        }
        assert_eq!(characters(r"\-/a"), [r"\-", "/", "a"]);
    }
}
