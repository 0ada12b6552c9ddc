//! Plans: a graph made ready to run, for windows of every length, of one, or of each length anew.

use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::pb::ModelProto;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::unimpl::UnimplementedOp;

use super::checked_gather::check_lookups;
use super::checked_products::check_products;
use super::exported::with_long_int64;
use super::input::{DeclaredInput, Input};
use super::onnx::Constants;

/// How many plans are kept of a graph that needs one for each length.
const KEPT_PLANS: usize = 6;

/// A window's inputs, and what stands for nothing in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'w> {
    pub(super) ids: &'w [u32],
    /// Those beyond the end are 0.
    pub(super) token_types: &'w [u32],
    /// The position of the first word piece.
    pub(super) first_position: usize,
    /// The word piece that fills a window up.
    pub(super) padding: u32,
}

impl Window<'_> {
    /// The values of an input for a graph that takes `length` word pieces, at least those of the window.
    fn values(&self, input: Input, length: usize) -> Vec<i64> {
        let filled = |values: &[u32], with: u32| {
            let values = values.iter().copied().chain(std::iter::repeat(with)).take(length);
            values.map(i64::from).collect()
        };
        match input {
            Input::PieceIds => filled(self.ids, self.padding),
            Input::Mask => filled(&vec![1; self.ids.len()], 0),
            Input::TokenTypes => filled(&self.token_types[..self.token_types.len().min(self.ids.len())], 0),
            Input::Positions => (0..length).map(|i| (i + self.first_position) as i64).collect(),
            Input::Zeros => vec![0; length],
        }
    }
}

/// A graph as tract has parsed it, before its inputs have a shape.
#[derive(Debug)]
pub(super) struct Graph {
    model: InferenceModel,
    inputs: Vec<DeclaredInput>,
}

/// A graph ready to run.
type Plan = Arc<TypedRunnableModel>;

impl Graph {
    /// Parses a graph. Its large tensors are moved, not copied.
    pub(super) fn parse(
        framework: &tract_onnx::Onnx,
        mut proto: ModelProto,
        inputs: Vec<DeclaredInput>,
    ) -> TractResult<Self> {
        let constants = proto.graph.as_mut().map(|graph| Constants::take(framework, graph)).transpose()?;
        let mut model = framework.model_for_proto_model(&proto)?;
        drop(proto);
        if let Some(constants) = constants {
            constants.put_back(&mut model)?;
        }
        if model.nodes().is_empty() {
            bail!("it holds no operations");
        }
        Ok(Graph { model, inputs })
    }

    /// The first operator that is not supported, by its ONNX name.
    pub(super) fn unsupported(&self) -> Option<String> {
        let unknown = self.model.nodes().iter().find(|node| node.op_is::<UnimplementedOp>())?;
        // tract calls it Unimplemented(NAME).
        let name = unknown.op.name();
        Some(name.strip_prefix("Unimplemented(").and_then(|name| name.strip_suffix(')')).unwrap_or(&name).to_string())
    }

    /// The length that the graph has been exported for, if it takes no other.
    pub(super) fn fixed_length(&self) -> Option<usize> {
        self.inputs.iter().find_map(|declared| declared.length)
    }

    /// Whether the graph is told which word pieces are padding.
    pub(super) fn is_masked(&self) -> bool {
        self.inputs.iter().any(|declared| declared.input == Input::Mask)
    }

    /// Plans the output at `output` for one length, or with `None` for every length; also gives the number of labels.
    fn plan(&self, output: usize, length: Option<usize>) -> TractResult<(Plan, usize)> {
        let mut model = self.model.clone();
        let length = length.map_or_else(|| model.symbols.sym("sequence").to_dim(), |length| length.to_dim());
        for (i, outlet) in model.input_outlets()?.to_vec().into_iter().enumerate() {
            let name = &model.node(outlet.node).name;
            let declared = self.inputs.iter().find(|declared| declared.name == *name);
            let declared = declared.with_context(|| format!("unknown input {name:?}"))?;
            let shape = tvec![declared.batch.unwrap_or(1).to_dim(), length.clone()];
            model.set_input_fact(i, InferenceFact::dt_shape(declared.datum_type, shape))?;
        }
        let outlet = *model.output_outlets()?.get(output).context("it has no output")?;
        model.select_output_outlets(&[outlet])?;
        let mut typed = with_long_int64(&model.into_typed()?)?;
        let fact = typed.output_fact(0)?.clone();
        let labels = match (fact.shape.rank(), fact.shape.last().map(DimLike::to_usize)) {
            (3, Some(Ok(labels))) if labels > 0 && fact.datum_type.is_float() => labels,
            _ => bail!("its output is {fact:?}, not f32 [batch, sequence, labels]"),
        };
        if fact.datum_type != f32::datum_type() {
            let outlets = typed.output_outlets()?.to_vec();
            let cast = tract_onnx::tract_core::ops::cast::cast(f32::datum_type());
            let outlets = typed.wire_node("glossa.f32", cast, &outlets)?;
            typed.select_output_outlets(&outlets)?;
        }
        let decluttered = typed.into_decluttered()?;
        check_products(&decluttered)?;
        let mut optimised = decluttered.into_optimized()?;
        check_lookups(&mut optimised)?;
        Ok((optimised.into_runnable()?, labels))
    }
}

/// The plans of a graph's output.
#[derive(Debug, Clone)]
pub(super) struct Plans {
    graph: Arc<Graph>,
    labels: usize,
    form: Form,
}

/// For which lengths of windows there is a plan.
#[derive(Debug, Clone)]
enum Form {
    /// One plan for windows of every length.
    Any(Plan),
    /// One plan for windows of one length; shorter windows are filled up with padding.
    Fixed(Plan, usize),
    /// Plans made for a length when a window has it; those used last are kept.
    Each { output: usize, recent: Arc<Mutex<Vec<(usize, Plan)>>> },
}

/// Makes the plans of one form.
pub(super) type Planning<'g> = Box<dyn Fn() -> TractResult<Plans> + 'g>;

impl Plans {
    /// The forms in which a graph's output can be planned, those that run faster first.
    pub(super) fn forms(graph: &Arc<Graph>, output: usize) -> Vec<Planning<'_>> {
        let of = move |labels: usize, form: Form| Plans { graph: graph.clone(), labels, form };
        if let Some(length) = graph.fixed_length() {
            return vec![Box::new(move || {
                let (plan, labels) = graph.plan(output, Some(length))?;
                Ok(of(labels, Form::Fixed(plan, length)))
            })];
        }
        let any = move || graph.plan(output, None).map(|(plan, labels)| of(labels, Form::Any(plan)));
        let each = move || {
            let (plan, labels) = graph.plan(output, Some(PROBED_LENGTH))?;
            let recent = Arc::new(Mutex::new(vec![(PROBED_LENGTH, plan)]));
            Ok(of(labels, Form::Each { output, recent }))
        };
        vec![Box::new(any), Box::new(each)]
    }

    /// Number of labels.
    pub(super) fn labels(&self) -> usize {
        self.labels
    }

    /// The only length that the graph takes, if it takes only one.
    pub(super) fn fixed_length(&self) -> Option<usize> {
        match self.form {
            Form::Fixed(_, length) => Some(length),
            _ => None,
        }
    }

    /// Whether each length of a window has a plan of its own, which takes long for the first window of a length.
    pub(super) fn is_each_length(&self) -> bool {
        matches!(self.form, Form::Each { .. })
    }

    /// The output for a window: a value per word piece and label.
    pub(super) fn run(&self, window: &Window<'_>) -> TractResult<Vec<f32>> {
        let count = window.ids.len();
        let (plan, length) = match &self.form {
            Form::Any(plan) => (plan.clone(), count),
            Form::Fixed(plan, length) => (plan.clone(), *length),
            Form::Each { output, recent } => (self.recent(*output, recent, count)?, count),
        };
        ensure!(count <= length, "a window of {count} word pieces for a graph that takes {length}");
        let mut inputs = tvec![];
        for declared in &self.graph.inputs {
            inputs.push(declared.tensor(&window.values(declared.input, length))?.into_tvalue());
        }
        let outputs = plan.run(inputs)?;
        let output = outputs.first().context("no output")?.try_as_plain_ram()?;
        let values = output.as_slice::<f32>()?;
        let rows = self.graph.inputs[0].batch.unwrap_or(1);
        ensure!(
            values.len() == rows * length * self.labels,
            "{} values for {rows} windows of {length} word pieces and {} labels",
            values.len(),
            self.labels
        );
        Ok(values[..count * self.labels].to_vec())
    }

    fn recent(&self, output: usize, recent: &Mutex<Vec<(usize, Plan)>>, length: usize) -> TractResult<Plan> {
        // A panic elsewhere leaves the list whole.
        let lock = || recent.lock().unwrap_or_else(PoisonError::into_inner);
        let found = {
            let mut plans = lock();
            let place = plans.iter().position(|(planned, _)| *planned == length);
            place.map(|place| {
                let found = plans.remove(place);
                plans.push(found.clone());
                found.1
            })
        };
        if let Some(plan) = found {
            return Ok(plan);
        }
        let (plan, labels) = self.graph.plan(output, Some(length))?;
        ensure!(labels == self.labels, "{labels} labels for a window of {length} word pieces, not {}", self.labels);
        let mut plans = lock();
        if plans.len() == KEPT_PLANS {
            plans.remove(0);
        }
        plans.push((length, plan.clone()));
        Ok(plan)
    }
}

/// The length of the first window that a plan is tried with.
pub(super) const PROBED_LENGTH: usize = 3;
