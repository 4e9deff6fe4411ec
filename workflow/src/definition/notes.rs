//! What is noted while a document is read: its problems, which state reads which variables, and which machine assigns
//! which.

use super::Problem;
use crate::data::expression::Expression;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// By state name, the variables that its expressions read.
pub(crate) type Reads = BTreeMap<String, BTreeSet<String>>;

#[derive(Default)]
pub(crate) struct Notes {
    problems: RefCell<Vec<Problem>>,
    reads: RefCell<Reads>,
    scopes: RefCell<Vec<Names>>,
}

/// The variables that one machine assigns, each with the place, and the machine around it.
struct Names {
    outer: Option<usize>,
    assigned: Vec<(String, String)>,
}

impl Notes {
    pub(crate) fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub(crate) fn reads(&self, state: Option<&str>, expression: &Expression) {
        let Some(state) = state else { return };
        expression.variables(&mut |name| {
            self.reads.borrow_mut().entry(state.to_owned()).or_default().insert(name.to_owned());
        });
    }

    /// A machine inside another one.
    pub(crate) fn open_scope(&self, outer: Option<usize>) -> usize {
        let mut scopes = self.scopes.borrow_mut();
        scopes.push(Names { outer, assigned: Vec::new() });
        scopes.len() - 1
    }

    pub(crate) fn assigns(&self, scope: usize, name: &str, pointer: String) {
        if let Some(names) = self.scopes.borrow_mut().get_mut(scope) {
            names.assigned.push((name.to_owned(), pointer));
        }
    }

    /// A machine may not assign what a machine around it assigns.
    fn check_scopes(&self) {
        let scopes = self.scopes.borrow();
        for names in scopes.iter() {
            let mut outer = names.outer;
            while let Some(around) = outer.and_then(|outer| scopes.get(outer)) {
                for (name, pointer) in &names.assigned {
                    if around.assigned.iter().any(|(assigned, _)| assigned == name) {
                        let message = format!("Variable '{name}' is already assigned in an outer scope");
                        self.problem(Problem::new(pointer.clone(), message));
                    }
                }
                outer = around.outer;
            }
        }
    }

    pub(crate) fn finish(self) -> (Vec<Problem>, Reads) {
        self.check_scopes();
        (self.problems.into_inner(), self.reads.into_inner())
    }
}
