//! A server that holds the vectors too. Here it is another database: what Chroma adds is tested where its store is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rusqlite::Connection;
use serde_json::json;
use wardrobe_types::{Category, ColorName, EmbedderId, Embedding};
use wardrobe_vector_index::{
    self as vectors, CollectionSpec, Cursor, Filter, Hit, QueryOptions, Record, Scope, SqliteStore,
    Stats, VectorStore,
};

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

/// The server, taking nothing.
fn lost(folder: &Path) -> SqliteStore {
    drop(server(folder));
    let connection = Connection::open(folder.join("server.db")).unwrap();
    connection.pragma_update(None, "query_only", true).unwrap();
    SqliteStore::from_connection(connection).unwrap()
}

#[test]
fn what_a_lost_server_does_not_take_waits_for_the_next_run() {
    let (folder, mut wardrobe, ids) = stocked();
    wardrobe
        .mirror_to(NAME, Box::new(lost(folder.path())))
        .unwrap();
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

#[test]
fn a_restored_wardrobe_sends_all_it_has_and_leaves_the_first_one_alone() {
    let (folder, mut wardrobe, ids) = stocked();
    let there = || Box::new(server(folder.path()));
    wardrobe.mirror_to(NAME, there()).unwrap();
    deliver(&wardrobe);
    // A change that still waits goes with the rest.
    wardrobe.remove(&ids[3]).unwrap();
    let (file, home) = (
        folder.path().join("all.zip"),
        folder.path().join("restored"),
    );
    let go_on = AtomicBool::new(false);
    wardrobe.export(&file, false, &go_on, |_, _| {}).unwrap();
    deliver(&wardrobe);
    Wardrobe::import(&home, &file, &go_on, |_, _| {}).unwrap();
    let restored = || Wardrobe::open(&home, Default::default()).unwrap();
    // The server is away at first.
    let mut first = restored();
    first
        .mirror_to(NAME, Box::new(lost(folder.path())))
        .unwrap();
    let delivery = deliver(&first);
    assert_eq!((delivery.sent, delivery.waiting), (0, 4));
    drop(first);
    let mut restored = restored();
    restored.mirror_to(NAME, there()).unwrap();
    assert_eq!(deliver(&restored).sent, 4);
    assert_eq!(held(&server(folder.path())).len(), 8);
    let removed = |record: &&Record| record.metadata["removed"] == json!(true);
    let all_removed = held(&server(folder.path()));
    assert_eq!(all_removed.iter().filter(removed).count(), 2);
    restored.purge(&ids[1]).unwrap();
    assert_eq!(deliver(&restored).sent, 1);
    assert_eq!(held(&server(folder.path())).len(), 7);
    assert_eq!(likes(&restored, &ids[0]), [ids[2].as_str()]);
    assert_eq!(likes(&wardrobe, &ids[0]).len(), 2);
    // What was removed and has come back is found again.
    restored.restore(&ids[3]).unwrap();
    assert_eq!(deliver(&restored).sent, 1);
    assert_eq!(likes(&restored, &ids[0]).len(), 2);
}

/// A server that names the nearest few, and lists nothing.
struct Few(SqliteStore, Arc<AtomicUsize>);

impl Few {
    const MOST: usize = 20;
}

impl VectorStore for Few {
    fn query_batch(
        &self,
        spec: &CollectionSpec,
        vectors: &[&[f32]],
        options: &QueryOptions<'_>,
    ) -> vectors::Result<Vec<Vec<Hit>>> {
        assert!(options.k <= Self::MOST, "{} asked for", options.k);
        self.1.fetch_add(vectors.len(), Ordering::Relaxed);
        self.0.query_batch(spec, vectors, options)
    }

    fn page(
        &self,
        _: &CollectionSpec,
        _: Scope<'_>,
        _: Option<&Cursor>,
        _: usize,
    ) -> vectors::Result<Vec<Record>> {
        panic!("a server is not asked for all it has")
    }

    fn get(
        &self,
        _: &CollectionSpec,
        _: &str,
        ids: &[&str],
    ) -> vectors::Result<Vec<Option<Record>>> {
        panic!("a server is not asked for {} records by name", ids.len())
    }

    fn create_collection(&self, spec: &CollectionSpec) -> vectors::Result<()> {
        self.0.create_collection(spec)
    }

    fn collections(&self) -> vectors::Result<Vec<CollectionSpec>> {
        self.0.collections()
    }

    fn drop_collection(&self, name: &str) -> vectors::Result<bool> {
        self.0.drop_collection(name)
    }

    fn upsert(&self, spec: &CollectionSpec, records: &[Record]) -> vectors::Result<()> {
        self.0.upsert(spec, records)
    }

    fn delete(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        ids: &[&str],
    ) -> vectors::Result<usize> {
        self.0.delete(spec, scope, ids)
    }

    fn delete_where(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: &Filter,
    ) -> vectors::Result<usize> {
        self.0.delete_where(spec, scope, filter)
    }

    fn count(
        &self,
        spec: &CollectionSpec,
        scope: Scope<'_>,
        filter: Option<&Filter>,
    ) -> vectors::Result<usize> {
        self.0.count(spec, scope, filter)
    }

    fn stats(&self, spec: &CollectionSpec) -> vectors::Result<Stats> {
        self.0.stats(spec)
    }
}

#[test]
fn a_search_asks_a_server_for_the_nearest_alone() {
    let (folder, mut wardrobe) = empty();
    let kinds = [Category::Dress, Category::Jeans, Category::Coat];
    let colors = [ColorName::Red, ColorName::Navy, ColorName::Olive];
    for i in 0..45 {
        let picture = photo(colors[i / 3 % 3], i as u32);
        put(&mut wardrobe, kinds[i % 3], &picture, "test-embedder");
    }
    let meant = Embedding::new(EmbedderId::new("test-embedder"), vec![9.0, 2.5, 0.3, 0.5]);
    let meant = meant.unwrap();
    let search = |wardrobe: &Wardrobe, text: &str| -> Vec<(String, f32)> {
        let garments = wardrobe.garments(&crate::Filter::default()).unwrap();
        let query = text.parse().unwrap();
        let found = wardrobe.answers(&query, garments, Some(&meant), 4);
        let found = found.unwrap().into_iter();
        found
            .map(|found| (found.garment.id.to_string(), found.score))
            .collect()
    };
    let texts = ["corduroy", "a red dress", "navy corduroy, not jeans"];
    let alone = texts.map(|text| search(&wardrobe, text));
    assert!(alone.iter().all(|found| found.len() == 4));
    assert_ne!(alone[0], alone[1]);
    let asked = Arc::new(AtomicUsize::new(0));
    let few = Few(server(folder.path()), asked.clone());
    wardrobe.mirror_to(NAME, Box::new(few)).unwrap();
    deliver(&wardrobe);
    assert_eq!(texts.map(|text| search(&wardrobe, text)), alone);
    assert_eq!(asked.load(Ordering::Relaxed), texts.len());
}
