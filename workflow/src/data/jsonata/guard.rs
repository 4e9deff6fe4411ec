//! Bounds on what an expression may cost. The crate bounds depth and the length of sequences; steps and memory it does
//! not count. So an expression is changed once, when it is read: whatever it repeats first takes a *step*, and whatever
//! it keeps is *measured*, both by functions of ours that stop the evaluation when its [`super::functions::Budget`] is used
//! up. Their names cannot be written in an expression.
//!
//! Steps are put where evaluation begins inside of what is repeated, not around it, so that no call moves out of tail
//! position and hardly anything nests deeper than it was written.

use super::walk::{children, children_mut};
use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;
use std::collections::HashSet;

/// Takes a step.
pub(super) const STEP: &str = "!step";
/// Gives its argument back, after counting what it holds.
pub(super) const MEASURE: &str = "!measure";
/// Gives its argument back, the lower end of a range.
pub(super) const FROM: &str = "!from";
/// Gives its argument back, the upper end of a range, after counting what the range will hold.
pub(super) const UPTO: &str = "!upto";
/// `$distinct` of ours: the crate's compares every item with every other.
pub(super) const DISTINCT: &str = "!distinct";
/// Gives its argument back unless it is a long text.
pub(super) const SHORT: &str = "!short";
/// Gives its argument back unless it is a large number.
pub(super) const SMALL: &str = "!small";

pub(super) const OUT_OF_MEMORY: &str = "Expression evaluation memory limit exceeded";
pub(super) const OUT_OF_STEPS: &str = "U1001: Expression evaluation timeout: Check for infinite loop";

/// A function of the language that could break a bound at one blow, and what is done about it.
struct Guarded {
    name: &'static str,
    /// What it takes when it is handed on as a value; whoever calls it then goes by their number.
    params: &'static [&'static str],
    treatment: Treatment,
}

#[derive(Clone, Copy)]
enum Treatment {
    /// Another function is called in its place.
    Replace(&'static str),
    /// Its first argument passes through this function.
    First(&'static str),
    /// All its arguments do.
    Each(&'static str),
    /// It formats the step's time.
    Now,
}

const GUARDED: [Guarded; 6] = [
    Guarded { name: "distinct", params: &["array"], treatment: Treatment::Replace(DISTINCT) },
    // These two write out what their argument shares.
    Guarded { name: "string", params: &["value"], treatment: Treatment::First(MEASURE) },
    Guarded { name: "join", params: &["array", "separator"], treatment: Treatment::First(MEASURE) },
    // It can make a string of each character.
    Guarded { name: "split", params: &["str", "separator", "limit"], treatment: Treatment::First(SHORT) },
    Guarded { name: "pad", params: &["str", "width", "char"], treatment: Treatment::Each(SMALL) },
    Guarded { name: "now", params: &["picture", "timezone"], treatment: Treatment::Now },
];

pub(super) fn guard(code: &mut AstNode) {
    let mut bound = HashSet::new();
    bound_names(code, &mut bound);
    Guard { bound }.node(code);
}

/// What the expression itself binds, a function or not: such a name means no function of the language in it.
fn bound_names(node: &AstNode, names: &mut HashSet<String>) {
    match node {
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
            if let AstNode::Variable(name) = &**lhs {
                names.insert(name.clone());
            }
        }
        AstNode::Lambda { params, .. } => names.extend(params.iter().cloned()),
        AstNode::Path { steps } => {
            names.extend(steps.iter().flat_map(|step| step.focus.iter().chain(&step.index_var)).cloned());
        }
        _ => {}
    }
    children(node, &mut |child| bound_names(child, names));
}

struct Guard {
    bound: HashSet<String>,
}

impl Guard {
    fn node(&self, node: &mut AstNode) {
        with_stack(|| {
            if let AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } = node {
                self.chain(lhs, rhs);
            } else {
                children_mut(node, &mut |child| self.node(child));
            }
            self.here(node);
        });
    }

    /// `x ~> $f(y)` calls `$f` with `x` before its own arguments: what stands on the right stays a call.
    fn chain(&self, lhs: &mut AstNode, rhs: &mut AstNode) {
        self.node(lhs);
        match rhs {
            AstNode::Function { name, args, .. } => {
                args.iter_mut().for_each(|arg| self.node(arg));
                match self.guarded(name).map(|guarded| guarded.treatment) {
                    Some(Treatment::First(function)) => wrap(lhs, function),
                    _ => self.treat(name, args),
                }
            }
            other => self.node(other),
        }
    }

    fn here(&self, node: &mut AstNode) {
        match node {
            AstNode::Path { steps } => {
                steps.iter_mut().enumerate().for_each(|(index, step)| repeat_step(index, step))
            }
            AstNode::Binary { op: BinaryOp::Concatenate, .. } => measure(node),
            AstNode::Binary { op: BinaryOp::Range, lhs, rhs } => {
                wrap(lhs, FROM);
                wrap(rhs, UPTO);
            }
            AstNode::Binary { op: BinaryOp::ColonEqual, rhs, .. } => keep(rhs),
            AstNode::Lambda { body, .. } => {
                keep(body);
                step_in(body);
            }
            AstNode::Array(items) | AstNode::ArrayGroup(items) => items.iter_mut().for_each(keep),
            AstNode::Object(pairs) | AstNode::ObjectTransform { pattern: pairs, .. } => {
                pairs.iter_mut().for_each(|(_, value)| keep(value));
                if let Some((_, value)) = pairs.first_mut() {
                    step_in(value);
                }
            }
            AstNode::Sort { terms, .. } => terms.iter_mut().for_each(|(term, _)| step_in(term)),
            AstNode::Function { name, args, is_builtin: true } => {
                self.treat(name, args);
                if name == "zip" {
                    measure(node);
                }
            }
            AstNode::Variable(name) => {
                if let Some(lambda) = self.reference(name) {
                    *node = lambda;
                }
            }
            _ => {}
        }
    }

    fn guarded(&self, name: &str) -> Option<&'static Guarded> {
        GUARDED.iter().find(|row| row.name == name).filter(|_| !self.bound.contains(name))
    }

    /// A call of a guarded function in its guarded form.
    fn treat(&self, name: &mut String, args: &mut Vec<AstNode>) {
        match self.guarded(name).map(|guarded| guarded.treatment) {
            None => {}
            Some(Treatment::Replace(function)) => function.clone_into(name),
            Some(Treatment::First(function)) => {
                args.first_mut().into_iter().for_each(|arg| wrap(arg, function))
            }
            Some(Treatment::Each(function)) => args.iter_mut().for_each(|arg| wrap(arg, function)),
            Some(Treatment::Now) => {
                "fromMillis".clone_into(name);
                args.insert(0, call("millis", Vec::new()));
            }
        }
    }

    /// A guarded function that is handed on as a value: a function that calls it in its guarded form.
    fn reference(&self, name: &str) -> Option<AstNode> {
        let guarded = self.guarded(name)?;
        let mut name = name.to_owned();
        let mut args: Vec<AstNode> = guarded.params.iter().map(|param| AstNode::variable(*param)).collect();
        self.treat(&mut name, &mut args);
        Some(AstNode::Lambda {
            params: guarded.params.iter().map(|param| (*param).to_owned()).collect(),
            body: Box::new(call(&name, args)),
            signature: None,
            thunk: false,
        })
    }
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: true }
}

fn wrap(node: &mut AstNode, function: &str) {
    if *node == AstNode::Placeholder {
        return;
    }
    let inner = std::mem::replace(node, AstNode::Undefined);
    *node = call(function, vec![inner]);
}

fn measure(node: &mut AstNode) {
    wrap(node, MEASURE);
}

/// Measures what the node gives when that outlives its evaluation. What is made here and now is measured where it is made.
fn keep(node: &mut AstNode) {
    match node {
        AstNode::Path { .. } | AstNode::Variable(_) => measure(node),
        AstNode::Function { name, args, .. }
            if !name.starts_with('!') && !args.contains(&AstNode::Placeholder) && is_of_language(name) =>
        {
            measure(node);
        }
        AstNode::Block(parts) => parts.last_mut().into_iter().for_each(keep),
        AstNode::Conditional { then_branch, else_branch, .. } => {
            keep(then_branch);
            else_branch.iter_mut().for_each(|branch| keep(branch));
        }
        _ => {}
    }
}

/// A call of a function of the expression's own may be a tail call, and must stay one.
fn is_of_language(name: &str) -> bool {
    const MAKERS: [&str; 24] = [
        "append",
        "each",
        "filter",
        "join",
        "keys",
        "lookup",
        "lowercase",
        "map",
        "match",
        "merge",
        "pad",
        "parse",
        "partition",
        "range",
        "reduce",
        "replace",
        "reverse",
        "sift",
        "sort",
        "spread",
        "string",
        "substring",
        "uppercase",
        "zip",
    ];
    MAKERS.contains(&name)
}

fn repeat_step(index: usize, step: &mut PathStep) {
    // The first step is evaluated once, unless it has predicates.
    if index > 0 && !is_cheap(&step.node) {
        step_in(&mut step.node);
    }
    for stage in &mut step.stages {
        if let Stage::Filter(filter) = stage
            && !is_cheap(filter)
        {
            step_in(filter);
        }
    }
    step.id = jsonata_core::ast::StepId::default();
}

/// Takes a step where the evaluation of the node begins.
fn step_in(node: &mut AstNode) {
    match node {
        AstNode::Block(parts) => parts.insert(0, call(STEP, Vec::new())),
        AstNode::FunctionApplication(inner) => step_in(inner),
        AstNode::Conditional { condition, .. } => step_in(condition),
        AstNode::Binary { op: BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply, lhs, .. } => {
            step_in(lhs)
        }
        AstNode::Array(items) | AstNode::ArrayGroup(items) => {
            if let Some(first) = items.first_mut() {
                step_in(first);
            }
        }
        // Its first value takes the step already.
        AstNode::Object(_) => {}
        AstNode::Function { args, .. }
            if args.first().is_some_and(|first| *first != AstNode::Placeholder)
                && !args.contains(&AstNode::Placeholder) =>
        {
            step_in(&mut args[0]);
        }
        AstNode::Lambda { .. } | AstNode::Regex { .. } | AstNode::Transform { .. } | AstNode::Placeholder => {
        }
        node => {
            let inner = std::mem::replace(node, AstNode::Undefined);
            *node = AstNode::Block(vec![call(STEP, Vec::new()), inner]);
        }
    }
}

/// What takes no longer than it is written, so that repeating it needs no counting.
fn is_cheap(node: &AstNode) -> bool {
    match node {
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Variable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => true,
        AstNode::Unary { operand, .. } => is_cheap(operand),
        AstNode::Binary { op: BinaryOp::In | BinaryOp::Range | BinaryOp::ChainPipe, .. } => false,
        AstNode::Binary { lhs, rhs, .. } => is_cheap(lhs) && is_cheap(rhs),
        AstNode::Path { steps } => {
            steps.iter().all(|step| step.stages.is_empty() && matches!(step.node, AstNode::Name(_)))
        }
        _ => false,
    }
}
