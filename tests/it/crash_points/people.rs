//! Users, sign-ins, keys and the audit log: killed at each write of theirs. Afterwards there is what was committed, the
//! chain of the log is whole, and all of it can be done again.

use activities::Clock;
use local::people::audit::Chain;
use local::people::password::Hasher;
use local::people::token::Tokens;
use local::people::{Embedded, Keyring, S3Secrets, Store};
use service::audit::{Audit as _, Row};
use service::people::{
    Accounts as _, KeyKind, Keys as _, NewKey, NewUser, Proof, Refused, Role, Scope, Scopes, SignOut,
    SignedIn, UserChange, Verifier as _,
};
use std::path::Path;
use tests::doomed::{self, Doomed};

pub(super) const AFFAIRS: Doomed = Doomed("crash_points::people::inside_a_doomed_process");

const PASSWORD: &str = "correct horse battery";

fn open(folder: &Path, hasher: Hasher) -> Embedded {
    let store = Store::open(folder, Clock::System).unwrap();
    Embedded { store, hasher, tokens: Tokens::new(b"a key") }
}

#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn inside_a_doomed_process() {
    affairs(&doomed::folder()).await;
}

/// Everything that writes, each at least once, however far it came the last time.
async fn affairs(folder: &Path) {
    let people = open(folder, weak());
    match people.add_user(NewUser::new("ada", Role::Admin)).await {
        Ok(_) | Err(Refused::Taken) => {}
        Err(refused) => panic!("{refused}"),
    }
    let invite = UserChange { invite: true, disabled: Some(false), ..UserChange::default() };
    let invitation = people.change_user("ada", invite).await.unwrap().1.unwrap();
    let proof = Proof::Invitation { token: invitation.token.0, password: PASSWORD.to_owned() };
    let first = people.sign_in(proof).await.unwrap();
    let second = people.sign_in(Proof::Refresh { token: first.refresh.0 }).await.unwrap();
    people.sign_out(SignOut::Here { token: second.refresh.0 }).await.unwrap();
    people.sign_out(SignOut::Everywhere { user: "ada".to_owned() }).await.unwrap();
    people.set_password("ada", PASSWORD.to_owned(), PASSWORD.to_owned()).await.unwrap();
    // With today's parameters, so that the hash is renewed.
    sign_in(&open(folder, Hasher::new())).await;
    let scopes = Scopes::of(&[Scope::Read]);
    let new = NewKey { name: "a key".to_owned(), kind: KeyKind::Api, scopes, expires_at: None };
    let keys = Keyring { store: people.store.clone(), s3_secrets: S3Secrets::new("a secret") };
    let (key, secret) = keys.add_key("ada", new).await.unwrap();
    people.verify(&secret.0).await.unwrap();
    keys.revoke_key("ada", &key.id).await.unwrap();
    people.store.record(Row { who: "ada".to_owned(), ..Row::default() }).await.unwrap();
}

fn weak() -> Hasher {
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    Hasher::with(argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params))
}

async fn sign_in(people: &Embedded) -> SignedIn {
    let (name, password) = ("ada".to_owned(), PASSWORD.to_owned());
    people.sign_in(Proof::Password { name, password }).await.unwrap()
}

#[tokio::test]
async fn a_kill_leaves_the_people_as_they_were_or_as_they_are_to_be() {
    let calm = tempfile::tempdir().unwrap();
    let passes = AFFAIRS.calm(calm.path()).unwrap();
    assert!(passes.len() > 20, "{passes:?}");
    for death in &passes {
        let folder = tempfile::tempdir().unwrap();
        AFFAIRS.killed(folder.path(), death).unwrap();
        let store = Store::open(folder.path(), Clock::System).unwrap();
        let recorded = death.starts_with("people.audit.after");
        let rows = i64::from(recorded);
        assert!(
            matches!(store.verify(None).unwrap(), Chain::Whole { rows: found, .. } if found == rows),
            "{death}"
        );
        affairs(folder.path()).await;
        assert!(matches!(store.verify(None).unwrap(), Chain::Whole { rows: found, .. } if found == rows + 1));
        sign_in(&open(folder.path(), Hasher::new())).await;
    }
}
