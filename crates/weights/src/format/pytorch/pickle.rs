//! Python's pickles, protocols 2 to 5, read as data: what Python would import and call is kept by name, and nothing
//! is run. (Python documents the instructions in `pickletools.py`.)
//!
//! Candle's reader copies what is pickled by reference, so that a few bytes can ask for any amount of memory, and
//! takes lengths on trust; here every instruction adds one object at most, and every length is held to what is there.

use std::collections::HashMap;

use super::object::{Id, Object, Objects};

/// More than any network's: a large detector has 50,000.
const MAX_OBJECTS: usize = 1 << 22;

/// Why a pickle cannot be read, and at which of its bytes.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) problem: String,
}

type Read<T> = Result<T, String>;

/// Reads one pickle.
pub(super) fn read(bytes: &[u8]) -> Result<Objects<'_>, Fault> {
    let mut machine = Machine {
        bytes,
        at: 0,
        table: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let at = machine.at;
        match machine.step() {
            Ok(None) => {}
            Ok(Some(root)) => {
                let table = machine.table;
                return Ok(Objects { table, root });
            }
            Err(problem) => return Err(Fault { at, problem }),
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    table: Vec<Object<'a>>,
    stack: Vec<Id>,
    /// Where on the stack each open mark is.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Runs one instruction; the last one yields the root.
    fn step(&mut self) -> Read<Option<Id>> {
        let code = self.byte()?;
        match code {
            b'.' => return self.pop().map(Some),
            // The protocol; a frame's length, of use to those who read from a stream.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'q' | b'r' | 0x94 | b'h' | b'j' => self.memory(code)?,
            b'a' | b'e' | b's' | b'u' | 0x90 | b'b' => self.fill(code)?,
            _ => {
                let object = self.object(code)?;
                self.push(object)?;
            }
        }
        Ok(None)
    }

    /// The instructions that make an object.
    fn object(&mut self, code: u8) -> Read<Object<'a>> {
        Ok(match code {
            b'N' => Object::None,
            0x88 => Object::Bool(true),
            0x89 => Object::Bool(false),
            b'J' => Object::Int(i32::from_le_bytes(self.array()?).into()),
            b'K' => Object::Int(self.byte()?.into()),
            b'M' => Object::Int(u16::from_le_bytes(self.array()?).into()),
            0x8a | 0x8b => self.long(code)?,
            b'G' => Object::Float(f64::from_be_bytes(self.array()?)),
            b'X' | 0x8c | 0x8d => Object::Text(self.string(code)?),
            b'B' | b'C' | 0x8e | 0x96 | b'T' | b'U' => self.opaque(code)?,
            b')' => Object::Tuple(Vec::new()),
            b't' => Object::Tuple(self.pop_mark()?),
            0x85 => Object::Tuple(self.pop_many(1)?),
            0x86 => Object::Tuple(self.pop_many(2)?),
            0x87 => Object::Tuple(self.pop_many(3)?),
            b']' => Object::List(Vec::new()),
            b'l' => Object::List(self.pop_mark()?),
            0x8f => Object::Set(Vec::new()),
            0x91 => Object::Set(self.pop_mark()?),
            b'}' => Object::Dict(Vec::new()),
            b'd' => Object::Dict(pairs(self.pop_mark()?)?),
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                Object::Global { module, name }
            }
            0x93 => self.stack_global()?,
            b'R' | 0x81 => {
                let (args, callable) = (self.pop()?, self.pop()?);
                self.called(callable, args)
            }
            // With keyword arguments, which no weights depend on.
            0x92 => {
                let (_, args, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.called(callable, args)
            }
            b'Q' => Object::Persistent(self.pop()?),
            _ => return Err(format!("the instruction {code:#04x} is unknown")),
        })
    }

    /// The instructions that put into the memo what is on top, or get out what is there.
    fn memory(&mut self, code: u8) -> Read<()> {
        let key = match code {
            b'q' | b'h' => self.byte()?.into(),
            b'r' | b'j' => u32::from_le_bytes(self.array()?),
            // MEMOIZE counts by itself.
            _ => self.memo.len() as u32,
        };
        if matches!(code, b'h' | b'j') {
            let id = self.memo.get(&key);
            let id = *id.ok_or_else(|| format!("nothing was stored as {key}"))?;
            self.stack.push(id);
        } else {
            let top = self.top()?;
            self.memo.insert(key, top);
        }
        Ok(())
    }

    /// The instructions that add to the object below.
    fn fill(&mut self, code: u8) -> Read<()> {
        let items = match code {
            b'a' | b'b' => self.pop_many(1)?,
            b's' => self.pop_many(2)?,
            _ => self.pop_mark()?,
        };
        let target = self.top()?.0 as usize;
        match (code, &mut self.table[target]) {
            (b'a' | b'e', Object::List(list)) => list.extend(items),
            (0x90, Object::Set(set)) => set.extend(items),
            (b's' | b'u', Object::Dict(dict)) => dict.extend(pairs(items)?),
            (b'b', Object::Instance { state, .. }) => *state = items.first().copied(),
            // Attributes of a dictionary, such as a state dict's `_metadata`.
            (b'b', Object::Dict(_)) => {}
            // An instance may be of any class, a list's or a dictionary's heir among them: its items are not ours.
            (b'a' | b'e' | b's' | b'u' | 0x90, Object::Instance { .. }) => {}
            _ => return Err("it adds to what can hold nothing".to_string()),
        }
        Ok(())
    }

    /// Two dictionaries are made as they are, empty; every other call stays a description.
    fn called(&self, callable: Id, args: Id) -> Object<'a> {
        let empty = matches!(&self.table[args.0 as usize], Object::Tuple(args) if args.is_empty());
        match &self.table[callable.0 as usize] {
            Object::Global {
                module: "collections",
                name: "OrderedDict",
            } if empty => Object::Dict(Vec::new()),
            // Its argument is what makes missing values.
            Object::Global {
                module: "collections",
                name: "defaultdict",
            } => Object::Dict(Vec::new()),
            _ => Object::Instance {
                callable,
                args,
                state: None,
            },
        }
    }

    fn stack_global(&mut self) -> Read<Object<'a>> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (&self.table[module.0 as usize], &self.table[name.0 as usize]) {
            (&Object::Text(module), &Object::Text(name)) => Ok(Object::Global { module, name }),
            _ => Err("it names a class by something else than text".to_string()),
        }
    }

    /// An integer in two's complement, of any length.
    fn long(&mut self, code: u8) -> Read<Object<'a>> {
        let length = match code {
            0x8a => self.byte()?.into(),
            _ => u32::from_le_bytes(self.array()?).into(),
        };
        let digits = self.take(length)?;
        if digits.len() > 8 {
            return Ok(Object::Opaque);
        }
        let sign = digits.last().map_or(0, |last| last & 0x80);
        let mut whole = [if sign == 0 { 0 } else { 0xff }; 8];
        whole[..digits.len()].copy_from_slice(digits);
        Ok(Object::Int(i64::from_le_bytes(whole)))
    }

    fn string(&mut self, code: u8) -> Read<&'a str> {
        let length = match code {
            0x8c => self.byte()?.into(),
            b'X' => u32::from_le_bytes(self.array()?).into(),
            _ => u64::from_le_bytes(self.array()?),
        };
        text(self.take(length)?)
    }

    fn opaque(&mut self, code: u8) -> Read<Object<'a>> {
        let length = match code {
            b'C' | b'U' => self.byte()?.into(),
            b'B' | b'T' => u32::from_le_bytes(self.array()?).into(),
            _ => u64::from_le_bytes(self.array()?),
        };
        self.take(length)?;
        Ok(Object::Opaque)
    }

    fn push(&mut self, object: Object<'a>) -> Read<()> {
        if self.table.len() == MAX_OBJECTS {
            return Err(format!("it holds more than {MAX_OBJECTS} objects"));
        }
        self.stack.push(Id(self.table.len() as u32));
        self.table.push(object);
        Ok(())
    }

    /// Where what the open mark encloses begins: nothing below is popped.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Read<Id> {
        match self.stack.last() {
            Some(top) if self.stack.len() > self.floor() => Ok(*top),
            _ => Err("it takes from an empty stack".to_string()),
        }
    }

    fn pop(&mut self) -> Read<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_many(&mut self, n: usize) -> Read<Vec<Id>> {
        match self.stack.len().checked_sub(n) {
            Some(start) if start >= self.floor() => Ok(self.stack.split_off(start)),
            _ => Err("it takes from an empty stack".to_string()),
        }
    }

    fn pop_mark(&mut self) -> Read<Vec<Id>> {
        let mark = self.marks.pop();
        let mark = mark.ok_or_else(|| "it ends what was not begun".to_string())?;
        Ok(self.stack.split_off(mark))
    }

    fn byte(&mut self) -> Read<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let bytes = self.bytes.get(self.at..).unwrap_or_default();
        let array = bytes.first_chunk();
        let array = array.ok_or_else(|| "it ends too early".to_string())?;
        self.at += N;
        Ok(*array)
    }

    fn take(&mut self, length: u64) -> Read<&'a [u8]> {
        let left = self.bytes.get(self.at..).unwrap_or_default();
        let taken = usize::try_from(length).ok().and_then(|n| left.get(..n));
        let taken =
            taken.ok_or_else(|| format!("it claims {length} bytes, {} are left", left.len()))?;
        self.at += taken.len();
        Ok(taken)
    }

    fn line(&mut self) -> Read<&'a str> {
        let left = self.bytes.get(self.at..).unwrap_or_default();
        let end = left.iter().position(|&byte| byte == b'\n');
        let end = end.ok_or_else(|| "it ends too early".to_string())?;
        self.at += end + 1;
        text(&left[..end])
    }
}

fn text(bytes: &[u8]) -> Read<&str> {
    std::str::from_utf8(bytes).map_err(|error| format!("it holds damaged text: {error}"))
}

fn pairs(items: Vec<Id>) -> Read<Vec<(Id, Id)>> {
    let (pairs, rest) = items.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
    } else {
        Err("a key has no value".to_string())
    }
}
