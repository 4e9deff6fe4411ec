//! Passwords, as Argon2id hashes them: 19 MiB, two passes, one lane (OWASP). A PHC string says how it was made, so that
//! the parameters can be raised: who signs in next is hashed anew.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use service::people::Refused;
use tokio::sync::oneshot;

const SHORTEST: usize = 12;
const LONGEST: usize = 256;

/// Hashes passwords, one at a time, on a thread of its own: on whichever thread is free, what one hash took of memory
/// would stay with that thread, and soon with all of them. Clones share it.
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    queue: Sender<Work>,
    /// Of no password. What is compared with where there is no user, so that this takes as long.
    nobodys: Arc<str>,
}

type Work = Box<dyn FnOnce() + Send>;

/// What a password turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// It is right, and was hashed with other parameters than today's.
    Outdated,
}

impl Hasher {
    pub fn new() -> Self {
        Self::with(Argon2::default())
    }

    pub fn with(argon2: Argon2<'static>) -> Self {
        let nobodys = hashed(&argon2, &activities::clock::random_secret());
        let (queue, work) = channel::<Work>();
        let thread = std::thread::Builder::new().name("password".to_owned());
        let begun = thread.spawn(move || work.iter().for_each(|work| work()));
        begun.expect("the system can start a thread while the program starts");
        Self { argon2, queue, nobodys: nobodys.into() }
    }

    /// Why `password` is none that `user` may have, or its hash.
    pub async fn hash(&self, user: &str, password: String) -> Result<String, Refused> {
        check(user, &password)?;
        self.work(move |argon2, _| hashed(argon2, &password)).await
    }

    /// Whether `password` is that of `stored`; of nobody's hash it never is.
    pub async fn verify(&self, stored: Option<String>, password: String) -> Result<Verdict, Refused> {
        self.work(move |argon2, nobodys| verdict(argon2, nobodys, stored.as_deref(), &password)).await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>, &str) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let (argon2, nobodys) = (self.argon2.clone(), self.nobodys.clone());
        let work = move || drop(reply.send(work(&argon2, &nobodys))); // who asked may have gone
        let unavailable = || {
            let why = "a password could not be hashed".to_owned();
            Refused::Fault(activities::ports::Fault::Unavailable { what: "people store", why })
        };
        self.queue.send(Box::new(work)).map_err(|_gone| unavailable())?;
        answer.await.map_err(|_gone| unavailable())
    }
}

fn verdict(argon2: &Argon2<'_>, nobodys: &str, stored: Option<&str>, password: &str) -> Verdict {
    // A password that is too long to be one takes no longer to refuse than another.
    let password = if password.len() > 4 * LONGEST { "" } else { password };
    match PasswordHash::new(stored.unwrap_or(nobodys)) {
        Ok(parsed) if argon2.verify_password(password.as_bytes(), &parsed).is_ok() && stored.is_some() => {
            if is_of_today(argon2, &parsed) {
                Verdict::Right
            } else {
                Verdict::Outdated
            }
        }
        _ => Verdict::Wrong,
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

fn hashed(argon2: &Argon2<'_>, password: &str) -> String {
    let hash = argon2.hash_password(password.as_bytes());
    hash.expect("the parameters are good, and a password is shorter than 4 GiB").to_string()
}

/// Whether a hash was made as it would be made now.
fn is_of_today(argon2: &Argon2<'_>, hash: &PasswordHash) -> bool {
    let made_with = argon2::Params::try_from(hash);
    let today = argon2.params();
    hash.algorithm.as_str() == "argon2id"
        && made_with.is_ok_and(|made| {
            (made.m_cost(), made.t_cost(), made.p_cost()) == (today.m_cost(), today.t_cost(), today.p_cost())
        })
}

fn check(user: &str, password: &str) -> Result<(), Refused> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Refused::Password("has 12 to 256 characters"));
    }
    if password.to_lowercase() == user || password.chars().all(|char| password.starts_with(char)) {
        return Err(Refused::Password("is too easy to guess"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "correct horse battery";

    #[tokio::test]
    async fn a_hash_says_how_it_was_made() {
        let hash = Hasher::new().hash("ada", GOOD.to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let again = Hasher::new().hash("ada", GOOD.to_owned()).await.unwrap();
        assert_ne!(hash, again, "each has a salt of its own");
    }

    #[tokio::test]
    async fn the_right_one_is_told_from_the_wrong_and_the_outdated() {
        let weaker = argon2::Params::new(8 * 1024, 1, 1, None).unwrap();
        let weaker = Hasher::with(Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, weaker));
        let (old, new) = (weaker.hash("ada", GOOD.to_owned()).await.unwrap(), Hasher::new());
        let hash = new.hash("ada", GOOD.to_owned()).await.unwrap();
        let verify = async |stored: &str, password: &str| {
            new.verify(Some(stored.to_owned()), password.to_owned()).await.unwrap()
        };
        assert_eq!(verify(&hash, GOOD).await, Verdict::Right);
        assert_eq!(verify(&hash, "correct horse batterY").await, Verdict::Wrong);
        assert_eq!(verify(&old, GOOD).await, Verdict::Outdated);
        assert_eq!(verify(&old, "wrong horse").await, Verdict::Wrong);
        assert_eq!(verify("nonsense", GOOD).await, Verdict::Wrong);
        assert_eq!(new.verify(None, GOOD.to_owned()).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify(&hash, &"a".repeat(1 << 20)).await, Verdict::Wrong);
    }

    /// What this thread has had of a processor, in nanoseconds.
    fn processor_time() -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        text.split_whitespace().next().unwrap().parse().unwrap()
    }

    #[test]
    fn it_takes_as_long_for_a_user_that_there_is_not() {
        let argon2 = Argon2::default();
        let (nobodys, hash) = (hashed(&argon2, "nobody's"), hashed(&argon2, GOOD));
        let time = |stored| {
            let began = processor_time();
            assert_eq!(verdict(&argon2, &nobodys, stored, "a wrong password"), Verdict::Wrong);
            processor_time() - began
        };
        // The quickest of each is what counts. A busy machine needs more tries until it has shown both at their quickest;
        // what really took longer would stay longer, however often it is tried.
        let (mut known, mut unknown) = (u64::MAX, u64::MAX);
        let alike = (0..200).any(|tried| {
            known = known.min(time(Some(hash.as_str())));
            unknown = unknown.min(time(None));
            tried > 4 && (0.9..=1.1).contains(&(known as f64 / unknown as f64))
        });
        assert!(alike, "{known} and {unknown} ns");
    }

    #[tokio::test]
    async fn few_are_hashed_at_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let hasher = Hasher::new();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..12).map(|_| {
            let (now, most) = (now.clone(), most.clone());
            hasher.work(move |argon2, nobodys| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                assert_eq!(verdict(argon2, nobodys, None, GOOD), Verdict::Wrong);
                now.fetch_sub(1, Ordering::SeqCst);
            })
        });
        futures::future::try_join_all(all).await.unwrap();
        assert!(most.load(Ordering::SeqCst) <= 1, "{most:?}");
    }

    #[test]
    fn easy_ones_are_refused() {
        for bad in ["", "short", "elevenchars", "aaaaaaaaaaaaaaaa", &"a".repeat(257)] {
            assert!(check("ada", bad).is_err(), "{bad}");
        }
        assert!(check("ada.lovelace@example", "Ada.Lovelace@example").is_err());
        assert!(check("ada", GOOD).is_ok());
    }
}
