//! What an expression of a document may not say, and which variables it reads. An expression runs without an input of its
//! own: everything it sees is a variable.

use super::walk::children;
use super::{Place, Refusal, STATES};
use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;
use std::collections::BTreeSet;

/// Refuses references to what is not there: a name or `$` at the top level, `$$`, and what only a Catch has.
pub(super) fn references(code: &AstNode, place: Place) -> Result<(), Refusal> {
    let unsupported = |what: String| Err(Refusal::Unsupported(what));
    if let Some(name) = top_level_name(code) {
        return unsupported(format!("Reference to '{name}' at the top level is not supported."));
    }
    if mentions(code, &|node| matches!(node, AstNode::ParentVariable(_)) || is_variable(node, "$")) {
        return unsupported("Reference to '$$' is not supported.".to_owned());
    }
    if place == Place::State && mentions(code, &reads_error_output) {
        return unsupported("Field '$states.errorOutput' does not exist.".to_owned());
    }
    Ok(())
}

fn is_variable(node: &AstNode, name: &str) -> bool {
    matches!(node, AstNode::Variable(variable) if variable == name)
}

fn reads_error_output(node: &AstNode) -> bool {
    let AstNode::Path { steps } = node else { return false };
    matches!(steps.as_slice(), [first, second, ..]
        if is_variable(&first.node, STATES) && matches!(&second.node, AstNode::Name(name) if name == "errorOutput"))
}

fn mentions(node: &AstNode, holds: &dyn Fn(&AstNode) -> bool) -> bool {
    let mut found = holds(node);
    children(node, &mut |child| found = found || mentions(child, holds));
    found
}

/// The first name that is looked up in an input that is not there. Only the first step of a path is.
fn top_level_name(node: &AstNode) -> Option<String> {
    with_stack(|| match node {
        AstNode::Name(name) => Some(name.clone()),
        AstNode::Variable(name) if name.is_empty() => Some("$".to_owned()),
        AstNode::Path { steps } => top_level_name(&steps.first()?.node),
        AstNode::Sort { input, .. } | AstNode::ObjectTransform { input, .. } => top_level_name(input),
        // The location of a transform is looked up in the value it is applied to.
        AstNode::Transform { .. } => None,
        AstNode::FunctionApplication(inner) => top_level_name(inner),
        // A call without `$` is no reference, and fails when it is made.
        node => {
            let mut found = None;
            children(node, &mut |child| {
                if found.is_none() {
                    found = top_level_name(child);
                }
            });
            found
        }
    })
}

/// The names of variables and functions that the expression does not bind itself.
pub(super) fn free_variables(code: &AstNode) -> BTreeSet<Box<str>> {
    let mut names = Names::default();
    names.collect(code);
    names.read.difference(&names.bound).cloned().collect()
}

#[derive(Default)]
struct Names {
    read: BTreeSet<Box<str>>,
    bound: BTreeSet<Box<str>>,
}

impl Names {
    fn collect(&mut self, node: &AstNode) {
        match node {
            AstNode::Variable(name) if !name.is_empty() => {
                self.read.insert(name.as_str().into());
            }
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } => {
                if let AstNode::Variable(name) = &**lhs {
                    self.bound.insert(name.as_str().into());
                }
                return self.collect(rhs);
            }
            AstNode::Lambda { params, .. } => {
                self.bound.extend(params.iter().map(|name| name.as_str().into()))
            }
            AstNode::Path { steps } => steps.iter().for_each(|step| self.bind_in_step(step)),
            _ => {}
        }
        children(node, &mut |child| self.collect(child));
    }

    fn bind_in_step(&mut self, step: &PathStep) {
        let of_stages = step.stages.iter().filter_map(|stage| match stage {
            Stage::Index(name) => Some(name),
            Stage::Filter(_) | Stage::KeepArray => None,
        });
        let names = step.focus.iter().chain(&step.index_var).chain(of_stages);
        self.bound.extend(names.map(|name| name.as_str().into()));
    }
}
