//! tmp
use wardrobe_train::{Event, TrainConfig, tasks::classify};
#[global_allocator]
static A: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let a: Vec<String> = std::env::args().collect();
    let config = TrainConfig::from_file(a[1].as_ref())?;
    let run = classify::Run {
        out: a[2].clone().into(),
        init: a
            .iter()
            .position(|x| x == "--init")
            .map(|i| a[i + 1].clone().into()),
        resume: a.iter().any(|x| x == "--resume"),
    };
    let t = std::time::Instant::now();
    let s = classify::train(&config, &run, &candle_core::Device::Cpu, &mut |e| match e {
        Event::Step {
            step,
            epoch,
            loss,
            steps,
            ..
        } if step % 25 == 1 => println!("{:?} e{epoch} {step}/{steps} {loss}", t.elapsed()),
        Event::Epoch { .. } => println!("{:?} {e:?}", t.elapsed()),
        Event::Skipped { .. } => println!("{e:?}"),
        _ => {}
    })?;
    println!("{s:?}");
    Ok(())
}
