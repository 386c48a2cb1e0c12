//! Dense convolutions through cuDNN, channels-last. What they take, the descriptors and the algorithm with its
//! workspace, is made once for each shape and kept.

use super::{Buffer, Gpu, Input, Memory, Window};
use crate::ops::ConvGeometry;
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdFilterAlgo_t, cudnnConvolutionFwdAlgo_t,
    cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION, cudnnMathType_t,
    cudnnTensorFormat_t::CUDNN_TENSOR_NHWC,
};
use candle_core::cuda_backend::cudarc::cudnn::{
    ConvBackwardData, ConvBackwardFilter, ConvDescriptor, ConvForward, Cudnn, CudnnDataType,
    CudnnError, FilterDescriptor, TensorDescriptor,
};
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView, CudaViewMut, DeviceRepr};
use candle_core::cuda_backend::{CudaStorageSlice, DeviceId};
use candle_core::{CudaDevice, DType, Error, Result, Storage, bail};
use half::bf16;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::LocalKey;

/// A convolution cuDNN was asked for. f64, which it is slow at, is left to the patches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    device: DeviceId,
    input: [usize; 4],
    outputs: usize,
    geometry: [usize; 4],
}

/// Descriptors and algorithms of a convolution, and the memory each takes. An algorithm is none where cuDNN has none
/// for this shape.
struct Plan<T> {
    x: TensorDescriptor<T>,
    y: TensorDescriptor<T>,
    weight: FilterDescriptor<T>,
    conv: ConvDescriptor<f32>,
    forward: Option<(cudnnConvolutionFwdAlgo_t, usize)>,
    gradient_input: Option<(cudnnConvolutionBwdDataAlgo_t, usize)>,
    gradient_weight: Option<(cudnnConvolutionBwdFilterAlgo_t, usize)>,
}

/// A type that cuDNN convolves, with sums in f32.
trait Value: CudnnDataType + DeviceRepr + Sized + 'static {
    const ONE: Self;
    const ZERO: Self;
    const MATH: cudnnMathType_t;
    fn plans() -> &'static LocalKey<Plans<Self>>;
    fn slice(slice: &CudaStorageSlice) -> Option<&CudaSlice<Self>>;
    fn slice_mut(slice: &mut CudaStorageSlice) -> Option<&mut CudaSlice<Self>>;
}

/// Of one thread: cuDNN's handles are not for sharing.
type Plans<T> = RefCell<HashMap<Key, Rc<Plan<T>>>>;

macro_rules! value {
    ($t:ty, $variant:ident, $one:expr, $zero:expr, $math:expr) => {
        impl Value for $t {
            const ONE: Self = $one;
            const ZERO: Self = $zero;
            const MATH: cudnnMathType_t = $math;
            fn plans() -> &'static LocalKey<Plans<Self>> {
                thread_local! {
                    static PLANS: Plans<$t> = RefCell::default();
                }
                &PLANS
            }
            fn slice(slice: &CudaStorageSlice) -> Option<&CudaSlice<Self>> {
                match slice {
                    CudaStorageSlice::$variant(slice) => Some(slice),
                    _ => None,
                }
            }
            fn slice_mut(slice: &mut CudaStorageSlice) -> Option<&mut CudaSlice<Self>> {
                match slice {
                    CudaStorageSlice::$variant(slice) => Some(slice),
                    _ => None,
                }
            }
        }
    };
}
// f32 means f32, not the 10 bits of TF32.
value!(f32, F32, 1.0, 0.0, cudnnMathType_t::CUDNN_FMA_MATH);
value!(
    bf16,
    BF16,
    bf16::ONE,
    bf16::ZERO,
    cudnnMathType_t::CUDNN_DEFAULT_MATH
);

/// As [`super::conv::forward`]; false where cuDNN does not do it.
pub(super) fn forward(
    gpu: &Gpu,
    x: Input<'_>,
    weight: Input<'_>,
    outputs: usize,
    g: ConvGeometry,
    out: &mut Buffer,
) -> Result<bool> {
    match (x.dtype, out.dtype()) {
        (DType::F32, DType::F32) => run_forward::<f32>(gpu, x, weight, outputs, g, out),
        (DType::BF16, DType::BF16) => run_forward::<bf16>(gpu, x, weight, outputs, g, out),
        _ => Ok(false),
    }
}

fn run_forward<T: Value>(
    gpu: &Gpu,
    x: Input<'_>,
    weight: Input<'_>,
    outputs: usize,
    g: ConvGeometry,
    out: &mut Buffer,
) -> Result<bool> {
    let Some((device, plan)) = plan::<T>(gpu, x.dims, outputs, g)? else {
        return Ok(false);
    };
    let Some((algorithm, bytes)) = plan.forward else {
        return Ok(false);
    };
    let op = ConvForward {
        conv: &plan.conv,
        x: &plan.x,
        w: &plan.weight,
        y: &plan.y,
    };
    let (x, weight) = (view::<T>(x)?, view::<T>(weight)?);
    let mut workspace = workspace(&device, bytes)?;
    // SAFETY: the descriptors are those of the tensors' shapes.
    unsafe {
        op.launch(
            algorithm,
            workspace.as_mut(),
            (T::ONE, T::ZERO),
            &x,
            &weight,
            &mut view_mut(out)?,
        )
    }
    .map_err(Error::wrap)?;
    Ok(true)
}

/// As [`super::conv::gradient_input`]; false where cuDNN does not do it.
pub(super) fn gradient_input(
    gpu: &Gpu,
    grad: Input<'_>,
    weight: Input<'_>,
    input: &[usize],
    g: ConvGeometry,
    out: &mut Buffer,
) -> Result<bool> {
    if grad.dtype != DType::F32 {
        return Ok(false);
    }
    let Some((device, plan)) = plan::<f32>(gpu, input, grad.dims[3], g)? else {
        return Ok(false);
    };
    let Some((algorithm, bytes)) = plan.gradient_input else {
        return Ok(false);
    };
    let op = ConvBackwardData {
        conv: &plan.conv,
        dx: &plan.x,
        w: &plan.weight,
        dy: &plan.y,
    };
    let (grad, weight) = (view::<f32>(grad)?, view::<f32>(weight)?);
    let mut workspace = workspace(&device, bytes)?;
    // SAFETY: as in `run_forward`.
    unsafe {
        op.launch(
            algorithm,
            workspace.as_mut(),
            (1.0, 0.0),
            &mut view_mut(out)?,
            &weight,
            &grad,
        )
    }
    .map_err(Error::wrap)?;
    Ok(true)
}

/// As [`super::conv::gradient_weight`]; false where cuDNN does not do it.
pub(super) fn gradient_weight(
    gpu: &Gpu,
    x: Input<'_>,
    grad: Input<'_>,
    g: ConvGeometry,
    out: &mut Buffer,
) -> Result<bool> {
    if x.dtype != DType::F32 {
        return Ok(false);
    }
    let Some((device, plan)) = plan::<f32>(gpu, x.dims, grad.dims[3], g)? else {
        return Ok(false);
    };
    let Some((algorithm, bytes)) = plan.gradient_weight else {
        return Ok(false);
    };
    let op = ConvBackwardFilter {
        conv: &plan.conv,
        x: &plan.x,
        dw: &plan.weight,
        dy: &plan.y,
    };
    let (x, grad) = (view::<f32>(x)?, view::<f32>(grad)?);
    let mut workspace = workspace(&device, bytes)?;
    // SAFETY: as in `run_forward`.
    unsafe {
        op.launch(
            algorithm,
            workspace.as_mut(),
            (1.0, 0.0),
            &x,
            &mut view_mut(out)?,
            &grad,
        )
    }
    .map_err(Error::wrap)?;
    Ok(true)
}

/// Memory for an algorithm to work in, if it needs any.
fn workspace(device: &CudaDevice, bytes: usize) -> Result<Option<CudaSlice<u8>>> {
    // SAFETY: cuDNN writes it before it reads it.
    (bytes > 0)
        .then(|| unsafe { device.alloc::<u8>(bytes) })
        .transpose()
}

fn view<T: Value>(input: Input<'_>) -> Result<CudaView<'_, T>> {
    let Memory::Cuda(storage) = input.memory else {
        bail!("expected a tensor on the GPU, got one on the CPU");
    };
    match T::slice(&storage.slice) {
        Some(slice) => Ok(slice.slice(input.offset..)),
        None => bail!("expected a tensor of {:?}", T::DATA_TYPE),
    }
}

fn view_mut<T: Value>(out: &mut Buffer) -> Result<CudaViewMut<'_, T>> {
    let Storage::Cuda(storage) = &mut out.0 else {
        bail!("expected a tensor on the GPU, got one on the CPU");
    };
    match T::slice_mut(&mut storage.slice) {
        Some(slice) => Ok(slice.slice_mut(..)),
        None => bail!("expected a tensor of {:?}", T::DATA_TYPE),
    }
}

/// The device and what the convolution takes there; none off a GPU.
fn plan<T: Value>(
    gpu: &Gpu,
    input: &[usize],
    outputs: usize,
    g: ConvGeometry,
) -> Result<Option<(CudaDevice, Rc<Plan<T>>)>> {
    let device = match gpu {
        Gpu::Cuda(device) => device,
        #[cfg(feature = "emulate")]
        Gpu::Emulated => return Ok(None),
    };
    let &[n, h, w, c] = input else {
        bail!("expected an input (n, h, w, c), got {input:?}");
    };
    let key = Key {
        device: device.id(),
        input: [n, h, w, c],
        outputs,
        geometry: [g.kernel, g.stride, g.padding, g.dilation],
    };
    if let Some(plan) = T::plans().with_borrow(|plans| plans.get(&key).cloned()) {
        return Ok(Some((device.clone(), plan)));
    }
    let window = Window::new(input, g)?;
    let made = Plan::new(&cudnn(device)?, &key, window).map_err(Error::wrap)?;
    let made = Rc::new(made);
    T::plans().with_borrow_mut(|plans| plans.insert(key, made.clone()));
    Ok(Some((device.clone(), made)))
}

/// The library's handle, one a device and thread.
fn cudnn(device: &CudaDevice) -> Result<Arc<Cudnn>> {
    thread_local! {
        static HANDLES: RefCell<HashMap<DeviceId, Arc<Cudnn>>> = RefCell::default();
    }
    if let Some(handle) = HANDLES.with_borrow(|handles| handles.get(&device.id()).cloned()) {
        return Ok(handle);
    }
    let handle = Cudnn::new(device.cuda_stream()).map_err(Error::wrap)?;
    // Never destroyed: when threads end, CUDA may be gone already.
    std::mem::forget(handle.clone());
    HANDLES.with_borrow_mut(|handles| handles.insert(device.id(), handle.clone()));
    Ok(handle)
}

impl<T: Value> Plan<T> {
    fn new(cudnn: &Arc<Cudnn>, key: &Key, s: Window) -> std::result::Result<Self, CudnnError> {
        let ([n, h, w, c], o) = (key.input.map(|len| len as i32), key.outputs as i32);
        let [kernel, stride, padding, dilation] = key.geometry.map(|value| value as i32);
        let mut plan = Self {
            x: cudnn.create_4d_tensor(CUDNN_TENSOR_NHWC, [n, c, h, w])?,
            y: cudnn.create_4d_tensor(CUDNN_TENSOR_NHWC, [n, o, s.out_h, s.out_w])?,
            weight: cudnn.create_4d_filter(CUDNN_TENSOR_NHWC, [o, c, kernel, kernel])?,
            conv: cudnn.create_conv2d(
                [padding; 2],
                [stride; 2],
                [dilation; 2],
                CUDNN_CROSS_CORRELATION,
            )?,
            forward: None,
            gradient_input: None,
            gradient_weight: None,
        };
        plan.conv.set_math_type(T::MATH)?;
        plan.forward = plan.pick_forward().ok();
        plan.gradient_input = plan.pick_gradient_input().ok();
        plan.gradient_weight = plan.pick_gradient_weight().ok();
        Ok(plan)
    }

    fn pick_forward(&self) -> std::result::Result<(cudnnConvolutionFwdAlgo_t, usize), CudnnError> {
        let op = ConvForward {
            conv: &self.conv,
            x: &self.x,
            w: &self.weight,
            y: &self.y,
        };
        let algorithm = op.pick_algorithm()?;
        Ok((algorithm, op.get_workspace_size(algorithm)?))
    }

    fn pick_gradient_input(
        &self,
    ) -> std::result::Result<(cudnnConvolutionBwdDataAlgo_t, usize), CudnnError> {
        let op = ConvBackwardData {
            conv: &self.conv,
            dx: &self.x,
            w: &self.weight,
            dy: &self.y,
        };
        let algorithm = op.pick_algorithm()?;
        Ok((algorithm, op.get_workspace_size(algorithm)?))
    }

    fn pick_gradient_weight(
        &self,
    ) -> std::result::Result<(cudnnConvolutionBwdFilterAlgo_t, usize), CudnnError> {
        let op = ConvBackwardFilter {
            conv: &self.conv,
            x: &self.x,
            dw: &self.weight,
            dy: &self.y,
        };
        let algorithm = op.pick_algorithm()?;
        Ok((algorithm, op.get_workspace_size(algorithm)?))
    }
}
