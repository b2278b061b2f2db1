"""What watches, keeps and saves while a run trains, as hooks of mmengine's Runner."""
