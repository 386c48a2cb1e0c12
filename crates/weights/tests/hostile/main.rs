//! Pickles made to do harm. They are data: read as such or refused, in little time and memory, and never run.

#[path = "../common/mod.rs"]
mod common;
mod pickle;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{entries, golden, message, zipped};
use pickle::Pickle;
use proptest::prelude::*;
use wardrobe_weights::Tensors;

/// Counts what is allocated, so that a file of some kilobytes that takes gigabytes is found out.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all work is the system allocator's; the counters hold no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// All tests of this file run at once, so the bound is a generous one; what they guard against is without bound.
fn assert_little_memory() {
    let most = MOST.load(Ordering::Relaxed);
    assert!(most < 1 << 30, "{} MiB", most >> 20);
}

fn nothing(pickle: Pickle) -> Pickle {
    pickle
}

fn weight(pickle: Pickle) -> Pickle {
    pickle.text("weight").tensor(2, 0, &[2], &[1])
}

#[test]
fn the_builder_builds_what_is_read() {
    let tensors = Pickle::new().dict(weight).read(2).unwrap();
    assert_eq!(tensors.map["weight"].dims(), [2]);
    let module = |p: Pickle| p.module(weight, nothing, nothing);
    let nested = Pickle::new().module(nothing, nothing, |p| module(p.text("inner")));
    let tensors = nested.read(2).unwrap();
    assert_eq!(tensors.map.keys().collect::<Vec<_>>(), ["inner.weight"]);
}

/// The classic attack, by every instruction that makes Python call something.
#[test]
fn a_call_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("run");
    let command = format!("touch {}", trace.display());
    let system = |p: Pickle| p.global("os", "system");
    let args = |p: Pickle| p.tuple(|p| p.text(&command));
    let calls: [fn(Pickle) -> Pickle; 3] = [
        |p| p.op(b"R"),
        |p| p.op(b"\x81"),
        |p| p.dict(|p| p).op(b"\x92"),
    ];
    for call in calls {
        let evil = |p: Pickle| call(args(system(p)));
        // As the checkpoint, as a network, as a tensor, as a layer, as a parameter: refused by name.
        let module = Pickle::new().module(weight, nothing, |p| evil(p.text("layer")));
        let parameter = Pickle::new().module(|p| evil(p.text("bias")), nothing, nothing);
        for pickle in [
            evil(Pickle::new()),
            Pickle::new().dict(|p| evil(p.text("model"))),
            Pickle::new().dict(|p| evil(weight(p).text("bias"))),
            module,
            parameter,
        ] {
            let message = message(pickle.read(2));
            assert!(message.contains("a pickled os.system"), "{message}");
        }
        // Beside a network: inert, and not in the notes.
        let pickle = Pickle::new().dict(|p| {
            let p = evil(p.text("args")).text("epoch").int(3);
            p.text("model").dict(weight)
        });
        let tensors = pickle.read(2).unwrap();
        assert_eq!(
            tensors.metadata.into_iter().collect::<Vec<_>>(),
            [("epoch".into(), "3".into())]
        );
    }
    // Called with the state of another, as `__setstate__` is.
    let built = args(system(Pickle::new()).op(b")\x81")).op(b"b");
    assert!(built.read(2).is_err());
    assert!(!trace.exists());
}

#[test]
fn instructions_that_make_no_sense_are_errors_that_say_where() {
    let cases: [(&[u8], &str); 12] = [
        (b"\xff", "byte 2, the instruction 0xff is unknown"),
        // Protocol 0's, and extensions'.
        (b"I1\n", "byte 2, the instruction 0x49 is unknown"),
        (b"\x82\x01", "the instruction 0x82 is unknown"),
        // Its operand is the instruction to stop, and then nothing stops it.
        (b"K", "byte 4, it ends too early"),
        (b"R", "takes from an empty stack"),
        (b"(R", "byte 3, it takes from an empty stack"),
        (b"K\x01(s", "takes from an empty stack"),
        (b"t", "ends what was not begun"),
        (b"}(K\x01u", "a key has no value"),
        (b"K\x01K\x02a", "adds to what can hold nothing"),
        (b"h\x07", "nothing was stored as 7"),
        (b"K\x01K\x02\x93", "names a class by something else"),
    ];
    for (bytes, expected) in cases {
        let message = message(Pickle::new().op(bytes).read(2));
        assert!(message.contains(expected), "{message}");
    }
    let message = message(Pickle::new().op(b"X\x02\0\0\0\xff\xfe").read(2));
    assert!(message.contains("damaged text"), "{message}");
}

#[test]
fn lengths_are_held_to_what_is_there() {
    let most = u64::MAX.to_le_bytes();
    for code in [0x8d_u8, 0x8e, 0x96] {
        let message = message(Pickle::new().op(&[code]).op(&most).read(2));
        assert!(
            message.contains("claims 18446744073709551615 bytes"),
            "{message}"
        );
    }
    for code in [b'X', b'B', b'T', 0x8b] {
        let message = message(Pickle::new().op(&[code]).op(&[0xff; 4]).read(2));
        assert!(message.contains("claims 4294967295 bytes"), "{message}");
    }
    let huge = i64::MAX;
    let cases: [(i64, i64, &[i64], &[i64]); 9] = [
        (huge, 0, &[2], &[1]),
        (2, huge, &[2], &[1]),
        (2, 0, &[huge], &[1]),
        (2, 0, &[huge, huge], &[1, 1]),
        (2, 0, &[2], &[huge]),
        (2, 0, &[3, 3], &[huge, huge]),
        (2, 0, &[1 << 40, 1 << 40], &[0, 0]),
        (2, -1, &[2], &[1]),
        (-1, 0, &[2], &[1]),
    ];
    for (stored, offset, shape, stride) in cases {
        let pickle = Pickle::new().dict(|p| p.text("w").tensor(stored, offset, shape, stride));
        let message = message(pickle.read(2));
        assert!(message.contains("cannot read the tensor w"), "{message}");
    }
    let rank = vec![1; 100_000];
    let pickle = Pickle::new().dict(|p| p.text("w").tensor(2, 0, &rank, &rank));
    assert!(message(pickle.read(2)).contains("malformed"));
    // An empty tensor of a huge shape is none of these.
    let pickle = Pickle::new().dict(|p| p.text("w").tensor(2, 0, &[huge, 0], &[0, 1]));
    assert!(
        pickle
            .read(2)
            .is_ok_and(|tensors| tensors.map["w"].elem_count() == 0)
    );
    assert_little_memory();
}

#[test]
fn nesting_is_bounded() {
    // A million tuples, one in the other: as the root, as a note, beside a tensor.
    let deep = |p: Pickle| p.op(b")").op(&vec![0x85; 1_000_000]);
    assert!(message(deep(Pickle::new()).read(2)).contains("holds a tuple of 1"));
    let noted = Pickle::new().dict(|p| deep(p.text("deep")).text("model").dict(weight));
    assert!(noted.read(2).unwrap().metadata.is_empty());
    let flat = Pickle::new().dict(|p| deep(weight(p).text("deep")));
    assert!(flat.read(2).unwrap().metadata.is_empty());
    // Calls of calls: a thousand parameters, each of the one before.
    let wrap = |p: Pickle| {
        p.global("torch._utils", "_rebuild_parameter")
            .put(1)
            .op(b"0")
    };
    let wrapped = wrap(Pickle::new()).dict(|p| {
        let start = weight(p).text("w").get(1).op(b"N");
        // Each result is put aside, to be pushed again above the function.
        let nested = (0..1000).fold(start, |p, _| p.op(b"\x85R").put(2).op(b"0").get(1).get(2));
        nested.op(b"\x85R")
    });
    let message = message(wrapped.read(2));
    assert!(
        message.contains("tensor w: it is a pickled torch._utils._rebuild_parameter"),
        "{message}"
    );
    assert_little_memory();
}

#[test]
fn a_module_in_itself_is_an_error() {
    // The module is remembered before its state is set, and is in its own state.
    let pickle = Pickle::new()
        .global("evil.nn", "Net")
        .op(b")\x81")
        .put(1)
        .dict(|p| {
            let p = p.text("_parameters").dict(weight);
            p.text("_modules").dict(|p| p.text("self").get(1))
        });
    let message = message(pickle.op(b"b").read(2));
    assert!(message.contains("nested deeper than 100"), "{message}");
    assert!(message.contains("self.self.self"), "{message}");
}

#[test]
fn what_is_shared_without_end_is_an_error() {
    // 60 modules, each with the one before twice: 2^60 names.
    let mut pickle = Pickle::new()
        .module(weight, nothing, nothing)
        .put(0)
        .op(b"0");
    for i in 0..60 {
        let twice = |p: Pickle| p.text("a").get(i).text("b").get(i);
        pickle = pickle.module(nothing, nothing, twice).put(i + 1).op(b"0");
    }
    let message = message(pickle.get(60).read(2));
    assert!(message.contains("share each other"), "{message}");
    assert_little_memory();
}

#[test]
fn lists_of_lists_without_end_are_no_notes() {
    let mut pickle = Pickle::new().text("ten bytes.").put(0).op(b"0");
    for i in 0..30 {
        pickle = pickle.get(i).get(i).op(b"\x86").put(i + 1).op(b"0");
    }
    let noted = pickle.clone().dict(|p| {
        let p = p.text("bomb").get(30).text("model").dict(weight);
        p.text("one").int(1)
    });
    let metadata = noted.read(2).unwrap().metadata;
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["one"]);
    // Many names for one long text.
    let long = "x".repeat(1 << 20);
    let many = Pickle::new().text(&long).put(0).op(b"0").dict(|p| {
        let p = (0..5000).fold(p, |p, i| p.text(&i.to_string()).get(0));
        p.text("model").dict(weight)
    });
    let written: usize = many
        .read(2)
        .unwrap()
        .metadata
        .values()
        .map(String::len)
        .sum();
    assert!((1 << 20..32 << 20).contains(&written), "{written}");
    assert_little_memory();
}

#[test]
fn many_objects_are_an_error() {
    let pickle = Pickle::new().op(&vec![b'N'; (1 << 22) + 1]);
    let message = message(pickle.read(2));
    assert!(message.contains("more than 4194304 objects"), "{message}");
    assert_little_memory();
}

#[test]
fn tensors_that_overlap_do_not_fill_the_memory() {
    const FLOATS: i64 = 1 << 18;
    let view = |p: Pickle, i: i64| {
        p.text(&i.to_string())
            .tensor(FLOATS, i, &[FLOATS - 10_000], &[1])
    };
    let pickle = Pickle::new().dict(|p| (0..5000).fold(p, view));
    let message = message(pickle.read(FLOATS as usize));
    assert!(message.contains("the tensors overlap"), "{message}");
    // The same view by many names is one tensor.
    let same = |p: Pickle, i: i64| {
        p.text(&i.to_string())
            .tensor(FLOATS, 5, &[FLOATS - 5], &[1])
    };
    let pickle = Pickle::new().dict(|p| (0..5000).fold(p, same));
    assert_eq!(pickle.read(FLOATS as usize).unwrap().map.len(), 5000);
    assert_little_memory();
}

#[test]
fn a_name_that_is_there_twice_is_an_error() {
    let inner = |p: Pickle| p.module(weight, nothing, nothing);
    let pickle = Pickle::new().module(
        |p| p.text("a.weight").tensor(2, 0, &[2], &[1]),
        nothing,
        |p| inner(p.text("a")),
    );
    let message = message(pickle.read(2));
    assert!(
        message.contains("a.weight: its name is there twice"),
        "{message}"
    );
}

#[test]
fn entries_that_are_compressed_or_missing_are_errors() {
    let archive = Pickle::new().dict(weight).archive(2);
    let mut parts = entries(&archive);
    parts.pop();
    let message = message(Tensors::from_bytes(&zipped(&parts), "evil.pt"));
    assert!(message.contains("evil.pt is a damaged"), "{message}");
}

/// What may happen to a pickle: a byte becomes another, or is lost, or comes anew, or a stretch is moved.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Remove(usize),
    Insert(usize, u8),
    Copy(usize, usize, usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    // Instructions more often than any byte.
    let byte = prop_oneof![
        any::<u8>(),
        proptest::sample::select(
            b".(tR\x81b}]usaecQqrhjX0122KMJG\x85\x86\x87\x8a\x8b\x8f\x90\x91\x92\x93\x94".to_vec()
        ),
    ];
    let at = any::<proptest::sample::Index>().prop_map(|index| index.index(1 << 20));
    let change = prop_oneof![
        (at.clone(), byte.clone()).prop_map(|(at, byte)| Change::Set(at, byte)),
        at.clone().prop_map(Change::Remove),
        (at.clone(), byte).prop_map(|(at, byte)| Change::Insert(at, byte)),
        (at.clone(), at, 1..64usize).prop_map(|(from, to, n)| Change::Copy(from, to, n)),
    ];
    proptest::collection::vec(change, 1..8)
}

fn changed(mut pickle: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let n = pickle.len();
        match *change {
            Change::Set(at, byte) => pickle[at % n] = byte,
            Change::Remove(at) => drop(pickle.remove(at % n)),
            Change::Insert(at, byte) => pickle.insert(at % n, byte),
            Change::Copy(from, to, length) => {
                let from = from % n;
                let stretch = pickle[from..(from + length).min(n)].to_vec();
                let to = to % n;
                pickle.splice(to..to, stretch);
            }
        }
    }
    pickle
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// Whatever is read is held by the file; whatever is not, is an error that names it.
    #[test]
    fn no_pickle_does_harm(changes in changes()) {
        let mut parts = entries(&std::fs::read(golden("stripped.pt")).unwrap());
        parts[0].1 = changed(std::mem::take(&mut parts[0].1), &changes);
        let archive = zipped(&parts);
        match Tensors::from_bytes(&archive, "changed.pt") {
            Ok(tensors) => {
                for tensor in tensors.map.values() {
                    let size = tensor.elem_count() * tensor.dtype().size_in_bytes();
                    prop_assert!(size <= archive.len());
                }
            }
            Err(error) => prop_assert!(error.to_string().contains("changed.pt"), "{}", error),
        }
        assert_little_memory();
    }
}
