//! A server that holds the vectors too. Here it is another database: what Chroma adds is tested where its store is.

use std::path::Path;

use rusqlite::Connection;
use serde_json::json;
use wardrobe_types::{Category, ColorName};
use wardrobe_vector_index::{Record, Scope, SqliteStore, VectorStore};

use super::{empty, photo, put, stocked};
use crate::{Delivery, Edit, Error, Target, Wardrobe};

const NAME: &str = "there";

fn server(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("server.db")).unwrap()
}

fn held(server: &SqliteStore) -> Vec<Record> {
    let spec = server.collections().unwrap().remove(0);
    let records = server.iterate(&spec, Scope::AllUsers);
    records.collect::<Result<_, _>>().unwrap()
}

fn deliver(wardrobe: &Wardrobe) -> Delivery {
    wardrobe.deliver(|_, _| {}).unwrap().unwrap()
}

fn likes(wardrobe: &Wardrobe, id: &str) -> Vec<String> {
    let target = Target::Garment(id.to_owned());
    let similar = wardrobe.similar(&target, 9).unwrap().into_iter();
    similar.map(|like| like.garment.id.to_string()).collect()
}

#[test]
fn a_server_holds_what_the_wardrobe_holds_and_is_asked() {
    let (folder, mut wardrobe, ids) = stocked();
    assert_eq!(wardrobe.deliver(|_, _| {}).unwrap(), None);
    let alone = likes(&wardrobe, &ids[0]);
    let there = server(folder.path());
    wardrobe
        .mirror_to(NAME, Box::new(server(folder.path())))
        .unwrap();
    let mut told = Vec::new();
    let first = wardrobe.deliver(|done, total| told.push((done, total)));
    let all = Delivery {
        sent: 4,
        ..Delivery::default()
    };
    assert_eq!((first.unwrap().unwrap(), told), (all, vec![(4, 4)]));
    let records = held(&there);
    let shirt = records.iter().find(|record| record.id == ids[0]).unwrap();
    assert_eq!(
        shirt.metadata["category"].as_str(),
        Some("shirt"),
        "{:?}",
        shirt.metadata
    );
    assert_eq!(shirt.metadata["slots"], json!(["top"]));
    assert_eq!(shirt.metadata["laundry"], json!(false));
    assert!(shirt.metadata["formality"].is_number() && !shirt.metadata.contains_key("pattern"));
    assert_eq!(likes(&wardrobe, &ids[0]), alone);
    // What changes here changes there.
    let edit = Edit {
        category: Some(Category::Blouse),
        colors: Edit::named_colors(&[ColorName::Red]),
        laundry: Some(true),
        ..Edit::default()
    };
    let described = || {
        let records = held(&there);
        let record = records.into_iter().find(|r| r.id == ids[0]).unwrap();
        ["category", "colors", "laundry"].map(|field| record.metadata[field].clone())
    };
    wardrobe.edit(&ids[0], &edit).unwrap();
    assert_eq!(deliver(&wardrobe).sent, 1);
    assert_eq!(described(), [json!("blouse"), json!(["red"]), json!(true)]);
    wardrobe.reset(&ids[0]).unwrap();
    assert_eq!(deliver(&wardrobe).sent, 1);
    assert_eq!(described()[0], json!("shirt"));
    wardrobe.remove(&ids[3]).unwrap();
    assert_eq!(deliver(&wardrobe).sent, 1);
    let removed = |record: &&Record| record.metadata["removed"] == json!(true);
    assert_eq!(held(&there).iter().filter(removed).count(), 1);
    assert_eq!(likes(&wardrobe, &ids[0]).len(), 2);
    wardrobe.restore(&ids[3]).unwrap();
    assert_eq!(deliver(&wardrobe).sent, 1);
    assert_eq!(held(&there).iter().filter(removed).count(), 0);
    wardrobe.purge(&ids[3]).unwrap();
    assert_eq!(deliver(&wardrobe).sent, 1);
    assert_eq!(held(&there).len(), 3);
    // The same photo again changes nothing that filters look at.
    let again = photo(ColorName::LightBlue, 0);
    put(&mut wardrobe, Category::Shirt, &again, "test-embedder");
    deliver(&wardrobe);
    assert_eq!(held(&there).len(), 3);
    // It is the server that answers: what another program removes there is not found.
    let spec = there.collections().unwrap().remove(0);
    there.delete(&spec, Scope::AllUsers, &[&ids[1]]).unwrap();
    let asked = likes(&wardrobe, &ids[0]);
    assert!(asked == [ids[2].as_str()], "{asked:?}");
    // Emptied, it is filled anew.
    there.drop_collection(&spec.name).unwrap();
    assert_eq!(likes(&wardrobe, &ids[0]).len(), 2);
}

#[test]
fn two_wardrobes_on_one_server_do_not_meet() {
    let (folder, mut wardrobe, ids) = stocked();
    let (_other_folder, mut other) = empty();
    // The same photo, so the same id.
    let shirt = photo(ColorName::LightBlue, 0);
    let same = put(&mut other, Category::Shirt, &shirt, "test-embedder");
    assert_eq!(same, ids[0]);
    for wardrobe in [&mut wardrobe, &mut other] {
        let there = Box::new(server(folder.path()));
        wardrobe.mirror_to(NAME, there).unwrap();
        deliver(wardrobe);
    }
    assert_eq!(held(&server(folder.path())).len(), 5);
    assert!(likes(&other, &same).is_empty());
    other.purge(&same).unwrap();
    deliver(&other);
    assert_eq!(held(&server(folder.path())).len(), 4);
    assert_eq!(likes(&wardrobe, &ids[0]).len(), 3);
}

#[test]
fn what_a_lost_server_does_not_take_waits_for_the_next_run() {
    let (folder, mut wardrobe, ids) = stocked();
    // A server that takes nothing.
    drop(server(folder.path()));
    let connection = Connection::open(folder.path().join("server.db")).unwrap();
    connection.pragma_update(None, "query_only", true).unwrap();
    let lost = SqliteStore::from_connection(connection).unwrap();
    wardrobe.mirror_to(NAME, Box::new(lost)).unwrap();
    let delivery = deliver(&wardrobe);
    assert_eq!((delivery.sent, delivery.waiting), (0, 4));
    assert!(delivery.error.unwrap().contains("nothing is lost"));
    // Asked, it must know all; the wardrobe itself goes on.
    let target = Target::Garment(ids[0].clone());
    let error = wardrobe.similar(&target, 3).unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error}");
    wardrobe.purge(&ids[3]).unwrap();
    drop(wardrobe);
    let mut wardrobe = Wardrobe::open(folder.path().join("home"), Default::default()).unwrap();
    assert_eq!(likes(&wardrobe, &ids[0]).len(), 2);
    let found = Box::new(server(folder.path()));
    wardrobe.mirror_to(NAME, found).unwrap();
    let delivery = deliver(&wardrobe);
    assert_eq!(
        (delivery.sent, delivery.waiting, delivery.error),
        (4, 0, None)
    );
    assert_eq!(held(&server(folder.path())).len(), 3);
}
