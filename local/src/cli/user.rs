//! `lockgate user …`: who may sign in, in the data folder of a server on this machine, whether it runs or not. What is
//! changed here holds at once, and leaves a row in the audit log.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Subcommand;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::json;
use service::people::{Invitation, NewUser, Role, User, UserChange};

use super::Failure;
use super::own::{Own, record};
use super::screen::line;
use crate::people::Store;
use crate::people::password::Hasher;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    own: Own,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add a user; prints where they set their password
    Add {
        name: String,
        /// Sees everything, and looks after the users
        #[arg(long)]
        admin: bool,
        /// Where the user is written to; if it is not said and the name is an address, there
        #[arg(long)]
        email: Option<String>,
    },
    /// List the users
    List,
    /// Set a password, which is read from standard input; ends every sign-in of the user
    Passwd { name: String },
    /// Print where a user sets a new password, who has forgotten the old one
    Invite { name: String },
    /// Say where a user is written to; without an address, nowhere
    Email { name: String, email: Option<String> },
    /// Make a user an admin, or an admin a user
    Role {
        name: String,
        #[arg(value_parser = ["user", "admin"])]
        role: String,
    },
    /// Sign a user out for good; what is theirs stays
    Disable { name: String },
    /// Let a user sign in again
    Enable { name: String },
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let Args { own, command } = args;
    let (config, store) = own.open()?;
    // Where browsers reach the server, as far as its file says.
    let url = config.url(config.public_url.as_ref(), config.listen);
    let desk = Desk { store, url, json: own.json };
    desk.obey(command).await?;
    Ok(ExitCode::SUCCESS)
}

struct Desk {
    store: Store,
    url: String,
    json: bool,
}

impl Desk {
    async fn obey(&self, command: Command) -> Result<(), Failure> {
        let change = UserChange::default();
        match command {
            Command::List => {
                for user in self.store.list()? {
                    self.show(&user, None)?;
                }
                Ok(())
            }
            Command::Add { name, admin, email } => {
                let role = if admin { Role::Admin } else { Role::User };
                let (user, invitation) = self.store.add(NewUser { name, role, email }).await?;
                self.done("user.add", &user.name).await?;
                self.show(&user, Some(&invitation))
            }
            Command::Passwd { name } => {
                let hash = Hasher::new().hash(&name, password()?).await?;
                self.store.set_password(&name, hash).await?;
                self.done("user.passwd", &name).await
            }
            Command::Invite { name } => {
                self.change("user.invite", &name, UserChange { invite: true, ..change }).await
            }
            Command::Email { name, email } => {
                let email = Some(email.unwrap_or_default());
                self.change("user.email", &name, UserChange { email, ..change }).await
            }
            Command::Role { name, role } => {
                let role = if role == "admin" { Role::Admin } else { Role::User };
                self.change("user.role", &name, UserChange { role: Some(role), ..change }).await
            }
            Command::Disable { name } => {
                self.change("user.disable", &name, UserChange { disabled: Some(true), ..change }).await
            }
            Command::Enable { name } => {
                self.change("user.enable", &name, UserChange { disabled: Some(false), ..change }).await
            }
        }
    }

    async fn change(&self, what: &str, name: &str, change: UserChange) -> Result<(), Failure> {
        let (user, invitation) = self.store.change(name, change).await?;
        self.done(what, name).await?;
        self.show(&user, invitation.as_ref())
    }

    async fn done(&self, what: &str, name: &str) -> Result<(), Failure> {
        record(&self.store, what, name, name).await
    }

    fn show(&self, user: &User, invitation: Option<&Invitation>) -> Result<(), Failure> {
        let invitation = invitation.map(|made| service::invitation_url(&self.url, &made.token.0));
        if self.json {
            return line(json!({ "user": user, "invitation": invitation }));
        }
        let role: &str = user.role.into();
        let disabled = if user.disabled { "  disabled" } else { "" };
        let email = user.email.as_deref().unwrap_or_default();
        line(format!("{:24} {role:6} {email}{disabled}", user.name).trim_end())?;
        match invitation {
            Some(url) => line(format!("Within three days a password can be set at {url}")),
            None => Ok(()),
        }
    }
}

/// One line of standard input; on a terminal, unseen.
fn password() -> Result<String, Failure> {
    let stdin = std::io::stdin();
    let unseen = stdin.is_terminal().then(|| Unseen::new(&stdin)).transpose()?;
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    drop(unseen);
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Unseen<'a> {
    terminal: &'a std::io::Stdin,
    before: rustix::termios::Termios,
}

impl<'a> Unseen<'a> {
    fn new(terminal: &'a std::io::Stdin) -> std::io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &unseen)?;
        eprint!("Password: ");
        Ok(Self { terminal, before })
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before); // the terminal may be gone
        eprintln!();
    }
}
