//! Chooses and loads the model: from a pipeline file, overridden by flags.

use std::path::PathBuf;

use crate::pipeline_file::PipelineFile;
use crate::{Annotator, Error};
use clap::Args;

use crate::command_line::input::EncodingFlag;
use crate::command_line::load::{load, LimitFlags};
use crate::command_line::models::Store;
use crate::command_line::option_flags::LoadFlags;

#[derive(Args)]
pub(crate) struct Setup {
    /// The model: a bundle, a Spark NLP saved model or export folder, or a Hugging Face folder, each as folder or zip; or the name
    /// of one that `glossa model add` keeps.
    #[arg(long, value_name = "DIR|ZIP|NAME", required_unless_present = "pipeline_file")]
    model: Option<PathBuf>,
    /// A pipeline file: JSON that names a model and options. Flags override it.
    #[arg(long = "pipeline", value_name = "FILE")]
    pipeline_file: Option<PathBuf>,
    /// Number of threads to run documents on; by default that of the machine.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    options: LoadFlags,
}

impl Setup {
    /// Loads the model. Returns the pipeline file, with its load options overridden by the flags, and the annotator.
    pub(crate) fn load(&self) -> Result<(PipelineFile, Annotator), Error> {
        let (mut pipeline, listed_model) = match &self.pipeline_file {
            None => (PipelineFile::default(), None),
            Some(file) => {
                let pipeline = PipelineFile::parse(&EncodingFlag::default().read(file)?, &file.display().to_string())?;
                let listed_model = pipeline.model_path(file);
                (pipeline, listed_model)
            }
        };
        let model = self.model.clone().or(listed_model).ok_or_else(|| Error::PipelineInvalid {
            file: self.pipeline_file.as_deref().map_or(String::new(), |file| file.display().to_string()),
            reason: "it names no model, and neither does --model".into(),
        })?;
        pipeline.options = self.options.over(&pipeline.options)?;
        let annotator = load(Store::resolve(model), &pipeline.options, &self.limits)?;
        for warning in annotator.warnings() {
            eprintln!("glossa: warning: {warning}");
        }
        Ok((pipeline, annotator))
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
    }
}
