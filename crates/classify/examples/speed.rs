//! tmp
use candle_core::*; use wardrobe_classify::*; use wardrobe_nn::*; use std::time::Instant;
fn main() -> Result<()> {
    let d = Device::Cpu; let store = VarStore::new(1, DType::F32, &d);
    let cfg = Config::new(47);
    let net = EfficientNet::new(&cfg, &Rng::new(1), store.builder())?;
    for (b, s) in [(32usize, 112usize), (32,128),(32,224)] {
        let x = Tensor::rand(-1f32, 1f32, (b, s, s, 3), &d)?;
        let y = Tensor::zeros((b,47), DType::F32, &d)?.slice_set(&Tensor::ones((b,1),DType::F32,&d)?, 1, 0).map(|_|()).ok(); let _ = y;
        let mut m = Tensor::zeros((b,46), DType::F32, &d)?; m = Tensor::cat(&[&Tensor::ones((b,1),DType::F32,&d)?, &m], 1)?;
        for _ in 0..3 {
            let t = Instant::now();
            let l = net.forward(&x, Mode::Train)?;
            let loss = loss::set_cross_entropy(&l, &m, 0.1)?;
            let f = t.elapsed();
            let g = loss.backward()?;
            let t2 = t.elapsed();
            let mut gr = optim::Gradients::default(); gr.add(&store.trainable(), &g)?;
            println!("b{b} s{s} fwd {:?} total {:?}: {:.1} img/s, grads {:?}", f, t2, b as f64 / t2.as_secs_f64(), t.elapsed());
        }
    }
    let f = net.fold()?;
    for b in [1usize, 8] { let x = Tensor::rand(-1f32, 1f32, (b, 224, 224, 3), &d)?; let mut best=f64::MAX;
        for _ in 0..10 { let t=Instant::now(); f.forward(&x, Mode::Eval)?; best=best.min(t.elapsed().as_secs_f64()); }
        println!("infer b{b}: best {:.1} img/s", b as f64/best); }
    Ok(())
}
