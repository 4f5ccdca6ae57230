# The CPU levels above the reference that hot loops are compiled for on this processor, and
# what each one needs.
set(pflow_levels)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(pflow_levels avx2 avx512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(pflow_levels neon)
endif()
set(pflow_lanes_avx2 8)
set(pflow_flags_avx2 -mavx2 -mfma)
set(pflow_lanes_avx512 16)
set(pflow_flags_avx512 -mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl
                       -mprefer-vector-width=512)
set(pflow_lanes_neon 4)
set(pflow_flags_neon)
set(pflow_lanes_reference 4)
set(pflow_flags_reference)

# Checks of undefined behaviour come between a multiplication and its addition, so that clang
# no longer contracts them everywhere: kernels go without, and keep the address sanitizer.
set(pflow_unchecked)
if(PFLOW_SANITIZE)
  set(pflow_unchecked -fno-sanitize=undefined)
endif()

# compile_for(TARGET LEVEL): files of generic vectors with the level's width. C11 alone
# would not contract a * b + c to one rounding.
function(compile_for target level)
  target_compile_definitions(${target} PRIVATE pf_level=${level}
                                               pf_lanes=${pflow_lanes_${level}})
  target_compile_options(${target} PRIVATE -O3 -fno-math-errno -ffp-contract=fast
                                           ${pflow_unchecked}
                                           ${pflow_flags_${level}})
endfunction()
