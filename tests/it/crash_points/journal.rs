//! The engine's machines with their versions, aliases and tags, and its activities. Lockgate itself makes one machine and
//! never takes it away, so that an engine of its own is killed here at each of these writes: afterwards there is exactly what was committed, and whoever asks for
//! all of it again comes to the same end.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tests::doomed::{self, Doomed};
use workflow::driver::{
    Config, Engine, Error, MachineRequest, MachineUpdate, Page, Route, Ticks, VersionRequest,
};
use workflow::journal::{SqliteJournal, Tag};
use workflow::tasks::NoTasks;

pub(super) const MACHINES: Doomed = Doomed("crash_points::journal::inside_a_doomed_process");

async fn engine(folder: &Path) -> Engine {
    let journal = SqliteJournal::open(&folder.join("journal.db")).unwrap();
    Engine::open(journal, Arc::new(NoTasks), Ticks::system(), Config::default()).await.unwrap()
}

fn machine(output: u8) -> MachineRequest {
    let definition =
        format!(r#"{{"StartAt":"P","States":{{"P":{{"Type":"Pass","Result":{output},"End":true}}}}}}"#);
    MachineRequest { name: "m".to_owned(), definition, ..MachineRequest::default() }
}

#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn inside_a_doomed_process() {
    make_and_remove(&engine(&doomed::folder()).await).await;
}

async fn make_and_remove(engine: &Engine) {
    let activity = engine.create_activity("a", None, Vec::new()).await.unwrap().arn;
    engine.delete_activity(&activity).await.unwrap();
    let machine = engine.put_state_machine(machine(1)).await.unwrap().arn;
    let update = MachineUpdate { definition: Some(self::machine(2).definition), ..MachineUpdate::default() };
    engine.update_state_machine(&machine, update).await.unwrap();
    assert_eq!(
        engine.describe_state_machine(&machine).await.unwrap().definition,
        self::machine(2).definition
    );
    let tag = Tag { key: "k".to_owned(), value: "v".to_owned() };
    engine.tag_resource(&machine, vec![tag]).await.unwrap();
    engine.untag_resource(&machine, vec!["k".to_owned()]).await.unwrap();
    let version =
        engine.publish_state_machine_version(&machine, None, VersionRequest::default()).await.unwrap().arn;
    let routes = [Route { version_arn: version.clone(), weight: 100 }];
    let alias = match engine.create_state_machine_alias("live", None, &routes).await {
        Ok(alias) => alias.arn,
        // Made before, and changed since.
        Err(Error::Conflict(_)) => format!("{machine}:live"),
        Err(error) => panic!("{error}"),
    };
    engine.update_state_machine_alias(&alias, Some("changed"), None).await.unwrap();
    engine.delete_state_machine_alias(&alias).await.unwrap();
    engine.delete_state_machine_version(&version).await.unwrap();
    engine.delete_state_machine(&machine).await.unwrap();
}

/// What is left: the tables' conditions, each with the writes that add a row of it and those that take one away.
const ROWS: [(&str, &[&str], &[&str]); 6] = [
    ("activities", &["create-activity"], &["delete-activity"]),
    ("machines WHERE deleted IS NULL", &["create-machine"], &["delete-machine"]),
    ("revisions", &["create-machine", "revise-machine"], &[]),
    ("tags", &["tag"], &["untag"]),
    ("versions WHERE deleted IS NULL", &["publish-version"], &["delete-version"]),
    ("aliases", &["create-alias"], &["delete-alias"]),
];

fn rows(folder: &Path) -> [i64; ROWS.len()] {
    let database = Connection::open(folder.join("journal.db")).unwrap();
    ROWS.map(|(rows, ..)| {
        database.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get(0)).unwrap()
    })
}

#[tokio::test]
async fn a_kill_leaves_machines_and_activities_made_or_not_made() {
    let calm = tempfile::tempdir().unwrap();
    let passes = MACHINES.calm(calm.path()).unwrap();
    assert_eq!(rows(calm.path()), [0, 0, 2, 0, 0, 0]);
    for (place, death) in passes.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        MACHINES.killed(folder.path(), death).unwrap();
        let committed = |write: &&str| passes[..=place].contains(&format!("journal.{write}.after:1"));
        let count = |writes: &[&str]| writes.iter().filter(|write| committed(write)).count() as i64;
        let expected = ROWS.map(|(_, added, taken)| count(added) - count(taken));
        assert_eq!(rows(folder.path()), expected, "{death}");

        let engine = engine(folder.path()).await;
        make_and_remove(&engine).await;
        let page = Page::default();
        assert_eq!(engine.list_state_machines(&page).await.unwrap().0, [], "{death}");
        assert_eq!(engine.list_activities(&page).await.unwrap().0, [], "{death}");
    }
}
