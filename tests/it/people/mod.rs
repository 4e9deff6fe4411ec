//! Accounts, and what each may: against the real binary, by HTTP.

mod changes;
mod cli;
mod fairness;
mod inbox;
mod issuer;
mod matrix;
mod openness;
mod passwords;
mod secrets;
mod sign_in;
