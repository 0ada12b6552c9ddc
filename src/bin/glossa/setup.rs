//! Which model, and with which settings: a pipeline's file, and over it the flags.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glossa_ner::model::Folder;
use glossa_ner::pipeline::Pipeline;
use glossa_ner::{Annotator, Error};

use crate::flags::PipelineFlags;
use crate::read_text;

#[derive(Args)]
pub(crate) struct Setup {
    /// The model: a bundle, a Spark NLP saved model (its zip too), an export folder, or a Hugging Face folder.
    #[arg(long, value_name = "DIR|ZIP", required_unless_present = "pipeline_file")]
    model: Option<PathBuf>,
    /// A JSON document that names a model and its settings; flags count more than what it says.
    #[arg(long = "pipeline", value_name = "FILE")]
    pipeline_file: Option<PathBuf>,
    /// How text longer than a window is treated; window by default.
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// Threads to run documents on; as many as the machine has by default.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    flags: PipelineFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// Overlapping windows over the whole text.
    Window,
    /// One window, as in Spark NLP.
    Truncate,
}

impl Setup {
    /// The settings of the file, changed as the flags say, and the model loaded with them.
    pub(crate) fn load(&self) -> Result<(Pipeline, Annotator), Error> {
        let (mut pipeline, named) = match &self.pipeline_file {
            None => (Pipeline::default(), None),
            Some(file) => {
                let pipeline = Pipeline::parse(&read_text(file)?, &file.display().to_string())?;
                let named = pipeline.model_path(file);
                (pipeline, named)
            }
        };
        let model = self.model.clone().or(named).ok_or_else(|| Error::PipelineInvalid {
            file: self.pipeline_file.as_deref().map_or(String::new(), |file| file.display().to_string()),
            reason: "it names no model, and neither does --model".into(),
        })?;
        self.flags.change(&mut pipeline.options)?;
        match self.mode {
            None => {}
            Some(Mode::Window) => pipeline.annotate.mode = glossa_ner::Mode::Window,
            Some(Mode::Truncate) => pipeline.annotate.mode = glossa_ner::Mode::Truncate,
        }
        let annotator = Annotator::load(&Folder::open(&model)?, &pipeline.options)?;
        Ok((pipeline, annotator))
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
    }
}

/// Puts a flag that was given in the place of a setting.
pub(crate) fn set<T>(setting: &mut T, flag: Option<T>) {
    if let Some(flag) = flag {
        *setting = flag;
    }
}
