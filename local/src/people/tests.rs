//! What the people are told and what they are not, with a clock that the test owns.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ledger::rusqlite::Connection;
use service::audit::{Audit as _, Row};
use service::people::{
    Accounts as _, KeyKind, Keys as _, NewKey, NewUser, Proof, Refused, Role, Scope, Scopes, SignOut,
    SignedIn, UserChange, Verifier as _,
};
use states::Timestamp;
use tempfile::TempDir;

use super::audit::Chain;
use super::password::Hasher;
use super::token::Tokens;
use super::*;

const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "staple, and another one";

struct World {
    folder: TempDir,
    clock: Arc<AtomicI64>,
    people: Embedded,
    keys: Keyring,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(1_763_000_000_000));
        let store = Store::open(folder.path(), Clock::Manual(clock.clone())).unwrap();
        // Few rounds: what they cost is another test's.
        let cheap = argon2::Params::new(8, 1, 1, None).unwrap();
        let cheap = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, cheap);
        let people =
            Embedded { store, hasher: Hasher::with(cheap), tokens: Tokens::new(b"a key of the test") };
        let keys =
            Keyring { store: people.store.clone(), s3_secrets: S3Secrets::new("a secret of the test") };
        Self { folder, clock, people, keys }
    }

    async fn with(names: &[(&str, Role)]) -> Self {
        let world = Self::new();
        for (name, role) in names {
            let (_, invitation) = world.people.add_user(NewUser::new(*name, *role)).await.unwrap();
            let proof = Proof::Invitation { token: invitation.token.0, password: PASSWORD.to_owned() };
            world.people.sign_in(proof).await.unwrap();
        }
        world
    }

    fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_millis() as i64, Ordering::SeqCst);
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<SignedIn, Refused> {
        let (name, password) = (name.to_owned(), password.to_owned());
        self.people.sign_in(Proof::Password { name, password }).await
    }

    async fn refresh(&self, signed_in: &SignedIn) -> Result<SignedIn, Refused> {
        self.people.sign_in(Proof::Refresh { token: signed_in.refresh.0.clone() }).await
    }

    async fn is_in(&self, signed_in: &SignedIn) -> bool {
        self.people.verify(&signed_in.access.0).await.is_ok()
    }

    async fn api_key(&self, user: &str, expires_at: Option<Timestamp>) -> (String, String) {
        let scopes = Scopes::of(&[Scope::Read]);
        let new = NewKey { name: "a key".to_owned(), kind: KeyKind::Api, scopes, expires_at };
        let (key, secret) = self.keys.add_key(user, new).await.unwrap();
        (key.id, secret.0)
    }
}

fn is_credential<T: std::fmt::Debug>(outcome: Result<T, Refused>) -> bool {
    matches!(outcome, Err(Refused::Credential))
}

#[tokio::test]
async fn who_has_the_password_is_let_in_and_nobody_else() {
    let world = World::with(&[("ada", Role::Admin), ("bob", Role::User)]).await;
    world.people.add_user(NewUser::new("eve", Role::User)).await.unwrap();
    let signed_in = world.sign_in("bob", PASSWORD).await.unwrap();
    let identity = world.people.verify(&signed_in.access.0).await.unwrap();
    assert_eq!((identity.user.as_str(), identity.role), ("bob", Role::User));
    assert_eq!(identity.scopes, Scopes::ALL);
    assert!(is_credential(world.sign_in("bob", OTHER).await));
    assert!(is_credential(world.sign_in("nobody", PASSWORD).await));
    assert!(is_credential(world.sign_in("eve", PASSWORD).await), "she has set none yet");
    assert!(is_credential(world.people.verify("nonsense").await));
    assert!(is_credential(world.people.verify(&signed_in.refresh.0).await), "it opens nothing by itself");
    world.pass(token::LIFETIME);
    assert!(!world.is_in(&signed_in).await, "it is over");
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_stolen_one_ends_what_came_of_it() {
    let world = World::with(&[("bob", Role::User)]).await;
    let elsewhere = world.sign_in("bob", PASSWORD).await.unwrap();
    let first = world.sign_in("bob", PASSWORD).await.unwrap();
    let second = world.refresh(&first).await.unwrap();
    let third = world.refresh(&second).await.unwrap();
    assert!(world.is_in(&third).await);
    assert!(is_credential(world.refresh(&second).await), "it was used");
    assert!(is_credential(world.refresh(&third).await), "and so nothing of this sign-in is good any more");
    assert!(!world.is_in(&third).await && !world.is_in(&first).await);
    assert!(world.is_in(&elsewhere).await, "another sign-in has nothing to do with it");
    assert!(is_credential(world.people.sign_in(Proof::Refresh { token: String::new() }).await));
}

#[tokio::test]
async fn a_sign_in_ends_by_itself() {
    let world = World::with(&[("bob", Role::User)]).await;
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let idle = world.sign_in("bob", PASSWORD).await.unwrap();
    world.pass(14 * DAY);
    assert!(is_credential(world.refresh(&idle).await), "nobody came back for a fortnight");
    let mut busy = world.sign_in("bob", PASSWORD).await.unwrap();
    for _ in 0..8 {
        world.pass(10 * DAY);
        busy = world.refresh(&busy).await.unwrap();
    }
    world.pass(10 * DAY);
    assert!(is_credential(world.refresh(&busy).await), "ninety days, however often they come back");
}

#[tokio::test]
async fn signing_out_holds_at_once() {
    let world = World::with(&[("bob", Role::User), ("eve", Role::User)]).await;
    let (here, there) =
        (world.sign_in("bob", PASSWORD).await.unwrap(), world.sign_in("bob", PASSWORD).await.unwrap());
    let eve = world.sign_in("eve", PASSWORD).await.unwrap();
    world.people.sign_out(SignOut::Here { token: here.refresh.0.clone() }).await.unwrap();
    assert!(!world.is_in(&here).await && world.is_in(&there).await);
    world.people.sign_out(SignOut::Here { token: "nonsense".to_owned() }).await.unwrap();
    world.people.sign_out(SignOut::Everywhere { user: "bob".to_owned() }).await.unwrap();
    assert!(!world.is_in(&there).await && is_credential(world.refresh(&there).await));
    assert!(world.is_in(&eve).await);
}

#[tokio::test]
async fn who_is_disabled_is_out_with_all_their_keys() {
    let world = World::with(&[("ada", Role::Admin), ("bob", Role::User)]).await;
    let signed_in = world.sign_in("bob", PASSWORD).await.unwrap();
    let (_, key) = world.api_key("bob", None).await;
    assert!(world.people.verify(&key).await.is_ok());
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    world.people.change_user("bob", disable).await.unwrap();
    assert!(!world.is_in(&signed_in).await && is_credential(world.refresh(&signed_in).await));
    assert!(is_credential(world.people.verify(&key).await));
    assert!(is_credential(world.sign_in("bob", PASSWORD).await));
    let enable = UserChange { disabled: Some(false), ..UserChange::default() };
    world.people.change_user("bob", enable).await.unwrap();
    assert!(!world.is_in(&signed_in).await, "what has ended has ended");
    assert!(world.people.verify(&key).await.is_ok());
    world.sign_in("bob", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn there_is_always_an_admin() {
    let world = World::with(&[("ada", Role::Admin)]).await;
    world.people.add_user(NewUser::new("invited", Role::Admin)).await.unwrap();
    let demote = UserChange { role: Some(Role::User), ..UserChange::default() };
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    for change in [demote.clone(), disable] {
        assert!(matches!(world.people.change_user("ada", change).await, Err(Refused::LastAdmin)));
    }
    let second = World::with(&[("ada", Role::Admin), ("eve", Role::Admin)]).await;
    let signed_in = second.sign_in("ada", PASSWORD).await.unwrap();
    second.people.change_user("ada", demote).await.unwrap();
    let identity = second.people.verify(&signed_in.access.0).await.unwrap();
    assert_eq!(identity.role, Role::User, "it holds at once");
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_three_days() {
    let world = World::with(&[("bob", Role::User)]).await;
    let signed_in = world.sign_in("bob", PASSWORD).await.unwrap();
    let invite = UserChange { invite: true, ..UserChange::default() };
    let invited = async || world.people.change_user("bob", invite.clone()).await.unwrap().1.unwrap().token.0;
    let accept = async |token: &str, password: &str| {
        let (token, password) = (token.to_owned(), password.to_owned());
        world.people.sign_in(Proof::Invitation { token, password }).await
    };
    let (replaced, good) = (invited().await, invited().await);
    assert!(is_credential(accept(&replaced, OTHER).await), "a later one is in its place");
    assert!(matches!(accept(&good, "short").await, Err(Refused::Password(_))));
    assert!(world.is_in(&signed_in).await, "the old password is good until another is set");
    accept(&good, OTHER).await.unwrap();
    assert!(!world.is_in(&signed_in).await, "who had the old password is out");
    assert!(is_credential(accept(&good, OTHER).await));
    assert!(is_credential(world.sign_in("bob", PASSWORD).await));
    world.sign_in("bob", OTHER).await.unwrap();
    let late = invited().await;
    world.pass(Duration::from_secs(3 * 24 * 60 * 60));
    assert!(is_credential(accept(&late, OTHER).await));
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let world = World::with(&[("bob", Role::User)]).await;
    let signed_in = world.sign_in("bob", PASSWORD).await.unwrap();
    let change = async |current: &str, new: &str| {
        world.people.set_password("bob", current.to_owned(), new.to_owned()).await
    };
    assert!(is_credential(change(OTHER, OTHER).await));
    assert!(matches!(change(PASSWORD, "short").await, Err(Refused::Password(_))));
    assert!(world.is_in(&signed_in).await);
    change(PASSWORD, OTHER).await.unwrap();
    assert!(!world.is_in(&signed_in).await);
    assert!(world.sign_in("bob", OTHER).await.is_ok() && is_credential(world.sign_in("bob", PASSWORD).await));
}

#[tokio::test]
async fn an_old_hash_is_renewed_at_the_next_sign_in() {
    let mut world = World::with(&[("bob", Role::User)]).await;
    let stored = |world: &World| world.people.store.user("bob").unwrap().unwrap().password.unwrap();
    let before = stored(&world);
    let today = argon2::Params::new(16, 2, 1, None).unwrap();
    let today = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, today);
    world.people.hasher = Hasher::with(today);
    assert!(is_credential(world.sign_in("bob", OTHER).await));
    assert_eq!(stored(&world), before, "who does not know it renews nothing");
    world.sign_in("bob", PASSWORD).await.unwrap();
    assert!(stored(&world).contains("m=16,t=2,p=1"), "{}", stored(&world));
    world.sign_in("bob", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn names_are_such_as_can_stand_in_a_path() {
    let world = World::new();
    for name in ["ada", "a", "0x", "ada.lovelace@example.org", "a_b-c+d", &"a".repeat(64)] {
        world.people.add_user(NewUser::new(name, Role::User)).await.unwrap();
        assert!(
            matches!(world.people.add_user(NewUser::new(name, Role::User)).await, Err(Refused::Taken)),
            "{name}"
        );
    }
    for name in ["", "Ada", "a b", "a/b", "..", ".a", "-a", "a\0", "é", "*", "local", &"a".repeat(65)] {
        assert!(
            matches!(world.people.add_user(NewUser::new(name, Role::User)).await, Err(Refused::Name(_))),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_user_is_written_to_where_was_said() {
    let world = World::with(&[("ada", Role::Admin)]).await;
    let (people, store) = (&world.people, &world.people.store);
    assert_eq!(store.email_of("ada").unwrap(), None);
    let said = NewUser { email: Some("Bob <b@example.org>".to_owned()), ..NewUser::new("bob", Role::User) };
    assert!(matches!(people.add_user(said).await, Err(Refused::Email(_))));
    let said = NewUser { email: Some("b@example.org".to_owned()), ..NewUser::new("bob", Role::User) };
    assert_eq!(people.add_user(said).await.unwrap().0.email.as_deref(), Some("b@example.org"));
    people.add_user(NewUser::new("eve@example.org", Role::User)).await.unwrap();
    assert_eq!(store.email_of("eve@example.org").unwrap().as_deref(), Some("eve@example.org"));
    let change = async |email: &str| {
        let change = UserChange { email: Some(email.to_owned()), ..UserChange::default() };
        people.change_user("bob", change).await
    };
    change("bob@example.org").await.unwrap();
    assert_eq!(store.email_of("bob").unwrap().as_deref(), Some("bob@example.org"));
    assert!(matches!(change("nowhere").await, Err(Refused::Email(_))));
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    people.change_user("bob", disable).await.unwrap();
    assert_eq!(store.email_of("bob").unwrap(), None, "who is disabled is not written to");
    change("").await.unwrap();
    assert_eq!(people.users().await.unwrap()[1].email, None);
    assert_eq!(store.email_of("nobody").unwrap(), None);
}

#[tokio::test]
async fn a_key_is_its_owners_until_it_is_revoked_or_over() {
    let world = World::with(&[("bob", Role::User), ("eve", Role::User)]).await;
    let (id, key) = world.api_key("bob", None).await;
    assert!(key.starts_with("lgk_"));
    let identity = world.people.verify(&key).await.unwrap();
    assert_eq!((identity.user.as_str(), identity.scopes), ("bob", Scopes::of(&[Scope::Read])));
    let other = format!("{}0", &key[..key.len() - 1]);
    assert!(other == key || is_credential(world.people.verify(&other).await));
    assert!(is_credential(world.people.verify(&format!("lgk_{id}_")).await));
    assert!(matches!(world.keys.revoke_key("eve", &id).await, Err(Refused::UnknownKey)), "it is not hers");
    let at = world.people.store.clock.now();
    assert_eq!(world.keys.keys("bob").await.unwrap()[0].last_used_at, Some(at));
    world.keys.revoke_key("bob", &id).await.unwrap();
    assert!(is_credential(world.people.verify(&key).await));
    assert!(world.keys.keys("bob").await.unwrap().is_empty());
    assert!(matches!(world.keys.revoke_key("bob", &id).await, Err(Refused::UnknownKey)));
    let (_, brief) = world.api_key("bob", Some(at + Duration::from_secs(60))).await;
    assert!(world.people.verify(&brief).await.is_ok());
    world.pass(Duration::from_secs(60));
    assert!(is_credential(world.people.verify(&brief).await));
}

#[tokio::test]
async fn nothing_that_opens_anything_lies_in_the_file() {
    let world = World::with(&[("bob", Role::User)]).await;
    let (_, invitation) = world.people.add_user(NewUser::new("eve", Role::User)).await.unwrap();
    let signed_in = world.sign_in("bob", PASSWORD).await.unwrap();
    let (_, key) = world.api_key("bob", None).await;
    let s3 = NewKey { name: "s3".to_owned(), kind: KeyKind::S3, scopes: Scopes::of(&[]), expires_at: None };
    let (_, s3) = world.keys.add_key("bob", s3).await.unwrap();
    let secrets = [PASSWORD, &invitation.token.0, &signed_in.refresh.0, &signed_in.access.0, &key, &s3.0];
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{file:?} is the server's user's only");
        let bytes = std::fs::read(file.path()).unwrap();
        for secret in secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}

#[tokio::test]
async fn a_key_for_the_object_store_is_good_there_only() {
    let world = World::with(&[("bob", Role::User)]).await;
    let new = NewKey { name: "s3".to_owned(), kind: KeyKind::S3, scopes: Scopes::of(&[]), expires_at: None };
    let (key, secret) = world.keys.add_key("bob", new).await.unwrap();
    assert_eq!(world.people.store.inbox_of(&key.id).await.unwrap().as_deref(), Some("bob"));
    assert_eq!(world.keys.s3_secrets.of(&key.id).0, secret.0);
    assert_ne!(world.keys.s3_secrets.of("another").0, secret.0);
    assert!(is_credential(world.people.verify(&secret.0).await));
    let (api, _) = world.api_key("bob", None).await;
    assert_eq!(world.people.store.inbox_of(&api).await.unwrap(), None);
    world.keys.revoke_key("bob", &key.id).await.unwrap();
    assert_eq!(world.people.store.inbox_of(&key.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_changed_byte_anywhere_names_its_row() {
    let world = World::new();
    let store = &world.people.store;
    for n in 1..=5 {
        let row = Row { who: "ada".to_owned(), what: format!("what {n}"), ..Row::default() };
        store.record(row).await.unwrap();
    }
    let Chain::Whole { rows: 5, last } = store.verify(None).unwrap() else { panic!() };
    assert_eq!(store.verify(Some((5, &last))).unwrap(), Chain::Whole { rows: 5, last: last.clone() });
    assert_eq!(store.verify(Some((6, &last))).unwrap(), Chain::NotThere { number: 6 });
    assert_eq!(store.verify(Some((4, &last))).unwrap(), Chain::NotThere { number: 4 });
    let connection = Connection::open(world.folder.path().join("people.db")).unwrap();
    for refused in ["UPDATE audit SET who = 'eve'", "DELETE FROM audit"] {
        assert!(connection.execute(refused, []).is_err(), "{refused}");
    }
    connection.execute_batch("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_cut").unwrap();
    let changes = [
        "who = 'bda'",
        "what = what || ' '",
        "subject = 'x'",
        "whose = 'x'",
        "result = 'x'",
        "address = 'x'",
        "request_id = 'x'",
        "at = at + 1",
        "hash = zeroblob(32)",
        // From one field into the next, which without their lengths would be the same bytes.
        "who = 'adawhat 3', what = ''",
    ];
    for change in changes {
        connection.execute_batch("SAVEPOINT calm").unwrap();
        connection.execute(&format!("UPDATE audit SET {change} WHERE number = 3"), []).unwrap();
        assert_eq!(audit::verify(&connection, None).unwrap(), Chain::Broken { number: 3 }, "{change}");
        connection.execute_batch("ROLLBACK TO calm; RELEASE calm").unwrap();
    }
    connection.execute("DELETE FROM audit WHERE number = 2", []).unwrap();
    assert_eq!(store.verify(None).unwrap(), Chain::Broken { number: 3 });
    connection.execute("DELETE FROM audit WHERE number > 1", []).unwrap();
    assert!(matches!(store.verify(None).unwrap(), Chain::Whole { rows: 1, .. }), "by itself nobody can know");
    assert_eq!(store.verify(Some((5, &last))).unwrap(), Chain::NotThere { number: 5 });
}

#[tokio::test]
async fn two_who_write_at_once_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [(); 2].map(|()| Store::open(folder.path(), Clock::System).unwrap());
    let record = async |store: &Store| {
        for _ in 0..20 {
            store.record(Row { who: "somebody".to_owned(), ..Row::default() }).await.unwrap();
        }
    };
    tokio::join!(record(&stores[0]), record(&stores[1]));
    assert!(matches!(stores[0].verify(None).unwrap(), Chain::Whole { rows: 40, .. }));
}
