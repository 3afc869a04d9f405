#include "sylvite_runtime.h"

#ifdef __linux__

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

/* What is needed of Vulkan's interface, whose headers need not be there. */
typedef void *VkInstance;
struct VkInstanceCreateInfo {
    int structure_type; /* 1: that of this struct */
    const void *next;
    uint32_t flags;
    const void *application;
    uint32_t layers;
    const char *const *layer_names;
    uint32_t extensions;
    const char *const *extension_names;
};
typedef int (*create_instance)(const struct VkInstanceCreateInfo *, const void *allocator, VkInstance *);
typedef int (*enumerate_devices)(VkInstance, uint32_t *count, void **devices);
typedef void (*destroy_instance)(VkInstance, const void *allocator);

static const char *look(void *loader) {
    create_instance create = (create_instance)dlsym(loader, "vkCreateInstance");
    enumerate_devices enumerate = (enumerate_devices)dlsym(loader, "vkEnumeratePhysicalDevices");
    destroy_instance destroy = (destroy_instance)dlsym(loader, "vkDestroyInstance");
    if (!create || !enumerate || !destroy) {
        return "libvulkan.so.1 is no Vulkan loader";
    }
    const struct VkInstanceCreateInfo info = {.structure_type = 1};
    VkInstance instance = NULL;
    if (create(&info, NULL, &instance) != 0) {
        return "the Vulkan loader finds no driver that works";
    }
    uint32_t devices = 0;
    const int code = enumerate(instance, &devices, NULL);
    destroy(instance, NULL);
    return code == 0 && devices > 0 ? NULL : "the Vulkan driver finds no device";
}

const char *sylvite_why_no_vulkan(void) {
    static atomic_int is_there;
    if (atomic_load(&is_there)) {
        return NULL;
    }
    /* The loader stays loaded: Halide's run time opens it too, and drivers do not like to be unloaded. */
    void *loader = dlopen("libvulkan.so.1", RTLD_LAZY);
    const char *obstacle = loader ? look(loader) : "there is no Vulkan loader (libvulkan.so.1)";
    atomic_store(&is_there, !obstacle);
    return obstacle;
}

#else

const char *sylvite_why_no_vulkan(void) { return 0; }

#endif

int sylvite_needs_vulkan(const char *program) {
    const char *obstacle = sylvite_why_no_vulkan();
    return obstacle ? sylvite_fail(sylvite_no_device, "%s: was compiled for Vulkan, and %s", program, obstacle)
                    : sylvite_success;
}
