//! Which model, and with which options: a pipeline file, and over it the flags.

use std::path::PathBuf;

use clap::Args;
use glossa_ner::model::Folder;
use glossa_ner::pipeline_file::PipelineFile;
use glossa_ner::{Annotator, Error};

use crate::input::read_text;
use crate::option_flags::LoadFlags;

#[derive(Args)]
pub(crate) struct Setup {
    /// The model: a bundle, a Spark NLP saved model (its zip too), an export folder, or a Hugging Face folder.
    #[arg(long, value_name = "DIR|ZIP", required_unless_present = "pipeline_file")]
    model: Option<PathBuf>,
    /// A JSON document that names a model and options; flags count more than what it says.
    #[arg(long = "pipeline", value_name = "FILE")]
    pipeline_file: Option<PathBuf>,
    /// Threads to run documents on; as many as the machine has by default.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    options: LoadFlags,
}

impl Setup {
    /// The pipeline file, its load options overridden by the flags, and the model loaded with them.
    pub(crate) fn load(&self) -> Result<(PipelineFile, Annotator), Error> {
        let (mut pipeline, named) = match &self.pipeline_file {
            None => (PipelineFile::default(), None),
            Some(file) => {
                let pipeline = PipelineFile::parse(&read_text(file)?, &file.display().to_string())?;
                let named = pipeline.model_path(file);
                (pipeline, named)
            }
        };
        let model = self.model.clone().or(named).ok_or_else(|| Error::PipelineInvalid {
            file: self.pipeline_file.as_deref().map_or(String::new(), |file| file.display().to_string()),
            reason: "it names no model, and neither does --model".into(),
        })?;
        pipeline.options = self.options.over(&pipeline.options)?;
        let annotator = Annotator::load(&Folder::open(&model)?, &pipeline.options)?;
        Ok((pipeline, annotator))
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
    }
}
